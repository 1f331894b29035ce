import { existsSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { Readable } from 'node:stream';
import { observeImageDigest, type Project, toYaml } from '@berth/compose';
import {
  type Descriptor,
  digestOf,
  parseReference,
  putManifest,
  type Reference,
  type RegistrySession,
  uploadBlob,
  withDefaultTag,
} from '@berth/oci';
import { CliError } from '../../cli-error.ts';
import type { Parsed } from '../../command.ts';
import { confirm } from '../../confirm.ts';
import { withRegistry } from '../manifest/registry.ts';
import { type Compose, type ComposeCommand, openProject } from './compose.ts';
import { copyImage, type ImagePlace } from './copy-image.ts';
import { FLAGS } from './flags/publish.ts';
import { namesOf, pushServices } from './push.ts';

const TYPE = {
  project: 'application/vnd.docker.compose.project',
  file: 'application/vnd.docker.compose.file+yaml',
  env: 'application/vnd.docker.compose.envfile',
  empty: 'application/vnd.oci.empty.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  index: 'application/vnd.oci.image.index.v1+json',
};

interface Layer {
  mediaType: string;
  bytes: Buffer;
  annotations: Record<string, string>;
}

export const command: ComposeCommand = {
  usage: '[OPTIONS] REPOSITORY[:TAG]',
  flags: FLAGS,
  args: { min: 1, max: 1 },
  async run(compose, parsed) {
    const { flags, args } = parsed;
    const { context } = compose;
    const version = flags.string('oci-version') || '1.1';
    if (version !== '1.0' && version !== '1.1')
      throw new CliError(`invalid --oci-version ${JSON.stringify(version)}; accepted are "1.0" and "1.1"`);
    // Files of variables are published, or are a reason not to: they are not read here.
    const project = openProject(compose, [], { profiles: ['*'], resolveEnvironment: false });
    if (!mayPublish(compose, project, parsed)) return 0;
    const target = withDefaultTag(parseReference(args[0] ?? ''));
    const layers = await artifactLayers(compose, project, parsed);
    await pushOwnImages(compose, project);
    context.err.write(` ${args[0]} publishing \n`);
    if (compose.dryRun) return 0;
    const insecure = flags.bool('insecure-registry');
    await withRegistry(context, target, insecure, async (session) => {
      const subject = await putArtifact(session, target, version, layers);
      if (flags.bool('app')) await putApplication(compose, project, { session, reference: target, insecure, subject });
    });
    context.err.write(` ${args[0]} published \n`);
    return 0;
  },
};

async function putArtifact(
  session: RegistrySession,
  target: Reference,
  version: string,
  layers: readonly Layer[],
): Promise<Descriptor> {
  const config = { mediaType: version === '1.0' ? TYPE.project : TYPE.empty, bytes: Buffer.from('{}') };
  const bytes = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: TYPE.manifest,
      ...(version === '1.1' && { artifactType: TYPE.project }),
      config: descriptor(config),
      layers: layers.map(({ annotations, ...layer }) => ({ ...descriptor(layer), annotations })),
      annotations: { 'org.opencontainers.image.created': new Date().toISOString() },
    }),
  );
  for (const blob of [config, ...layers])
    await uploadBlob(session, target.path, {
      digest: digestOf(blob.bytes),
      size: blob.bytes.length,
      open: () => Readable.from([blob.bytes]),
    });
  await putManifest(session, target.path, target.tag ?? 'latest', { mediaType: TYPE.manifest, bytes });
  return descriptor({ mediaType: TYPE.manifest, bytes });
}

/** The images of all services beside the project, and a list of them that refers to it. */
async function putApplication(
  { context }: Compose,
  project: Project,
  { subject, insecure, ...to }: ImagePlace & { subject: Descriptor; insecure: boolean },
): Promise<void> {
  const manifests = new Map<string, Descriptor>();
  for (const { image = '' } of Object.values(project.services)) {
    const reference = withDefaultTag(parseReference(image));
    const made = await withRegistry(context, reference, insecure, (session) => copyImage({ session, reference }, to));
    manifests.set(made.digest, made);
  }
  const bytes = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: TYPE.index,
      artifactType: TYPE.project,
      manifests: [...manifests.values()],
      subject,
    }),
  );
  await putManifest(to.session, to.reference.path, digestOf(bytes), { mediaType: TYPE.index, bytes });
}

function descriptor({ mediaType, bytes }: { mediaType: string; bytes: Buffer }): Descriptor {
  return { mediaType, digest: digestOf(bytes), size: bytes.length };
}

/** What others would not be able to use, or should not see. */
function mayPublish({ context }: Compose, project: Project, { flags }: Parsed): boolean {
  for (const [name, service] of Object.entries(project.services)) {
    if (!service.image)
      throw new CliError(
        `service ${JSON.stringify(name)} only has a build section: a published project needs images that others can pull`,
      );
    const variables = Object.entries(service.environment ?? {}).filter(([, value]) => value !== null);
    const found = service.env_file?.length ? 'env_file' : variables.length ? 'environment variable(s)' : undefined;
    if (found && !flags.bool('with-env'))
      throw new CliError(
        `service ${JSON.stringify(name)} has ${found} declared.\nTo avoid leaking sensitive data, you must either explicitly allow the sending of environment variables by using the --with-env flag,\nor remove sensitive data from your Compose configuration`,
      );
  }
  const binds = Object.values(project.services).flatMap(({ volumes = [] }) =>
    volumes.filter(({ type }) => type === 'bind').map(({ source }) => source ?? ''),
  );
  if (binds.length === 0 || flags.bool('yes')) return true;
  context.out.write(
    `you are about to publish bind mounts declared in the Compose file:\n${binds.map((path) => `  ${path}\n`).join('')}`,
  );
  return confirm(context, 'Are you ok to publish these bind mount declarations?');
}

async function artifactLayers({ context: { client } }: Compose, project: Project, { flags }: Parsed): Promise<Layer[]> {
  const layers = project.files.map((file): Layer => {
    if (file === '-') throw new CliError('a project from stdin cannot be published');
    return {
      mediaType: TYPE.file,
      bytes: readFileSync(file),
      annotations: { 'com.docker.compose.version': '1', 'com.docker.compose.file': basename(file) },
    };
  });
  if (flags.bool('resolve-image-digests'))
    layers.push(await pinned(project, (image) => observeImageDigest(client, image)));
  if (flags.bool('with-env')) layers.push(...envFileLayers(project));
  return layers;
}

/** The files of variables that services name, each once. */
function envFileLayers(project: Project): Layer[] {
  const all = Object.values(project.services).flatMap(({ env_file: files = [] }) => files);
  const there = all.filter(({ path, required }) => required !== false || existsSync(path));
  return [...new Set(there.map(({ path }) => path))].map((path) => ({
    mediaType: TYPE.env,
    bytes: readFileSync(path),
    annotations: { 'com.docker.compose.envfile': basename(path) },
  }));
}

/** An override file with the digests of the images. */
async function pinned(project: Project, digestOfImage: (image: string) => Promise<string | undefined>): Promise<Layer> {
  const services: Record<string, { image: string }> = {};
  for (const [name, { image = '' }] of Object.entries(project.services)) {
    const digest = image.includes('@') ? '' : await digestOfImage(image);
    if (digest === undefined) throw new CliError(`the digest of image ${image} is not known: pull it first`);
    services[name] = { image: digest === '' ? image : `${image}@${digest}` };
  }
  const bytes = Buffer.from(toYaml({ services }));
  return {
    mediaType: TYPE.file,
    bytes,
    annotations: { 'com.docker.compose.version': '1', 'com.docker.compose.file': 'image-digests.yaml' },
  };
}

/** The images that are built here go along, where they are here. */
async function pushOwnImages(compose: Compose, project: Project): Promise<void> {
  const own = Object.entries(project.services).filter(([, { build, image }]) => build && image);
  await pushServices(compose, new Map(own.map(([name, service]) => [name, namesOf(service)])), {
    quiet: false,
    ignoreFailures: true,
  });
}
