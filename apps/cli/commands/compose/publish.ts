import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { Readable } from 'node:stream';
import { observeImageDigest, type Project, toYaml } from '@berth/compose';
import { digestOf, parseReference, putManifest, uploadBlob, withDefaultTag } from '@berth/oci';
import { CliError } from '../../cli-error.ts';
import type { Parsed } from '../../command.ts';
import { confirm } from '../../confirm.ts';
import { withRegistry } from '../manifest/registry.ts';
import { type Compose, type ComposeCommand, openProject } from './compose.ts';
import { FLAGS } from './flags/publish.ts';
import { pushServices } from './push.ts';

const TYPE = {
  project: 'application/vnd.docker.compose.project',
  file: 'application/vnd.docker.compose.file+yaml',
  env: 'application/vnd.docker.compose.envfile',
  empty: 'application/vnd.oci.empty.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
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
    const project = openProject(compose);
    if (!mayPublish(compose, project, parsed)) return 0;
    const target = withDefaultTag(parseReference(args[0] ?? ''));
    const layers = await artifactLayers(compose, project, parsed);
    if (flags.bool('app')) await pushImages(compose, project);
    context.err.write(` ${args[0]} publishing \n`);
    if (compose.dryRun) return 0;
    const config = { mediaType: version === '1.0' ? TYPE.project : TYPE.empty, bytes: Buffer.from('{}') };
    const manifest = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: TYPE.manifest,
        ...(version === '1.1' && { artifactType: TYPE.project }),
        config: descriptor(config),
        layers: layers.map(({ annotations, ...layer }) => ({ ...descriptor(layer), annotations })),
        annotations: { 'org.opencontainers.image.created': new Date().toISOString() },
      }),
    );
    await withRegistry(context, target, flags.bool('insecure-registry'), async (session) => {
      for (const { bytes } of [config, ...layers])
        await uploadBlob(session, target.path, {
          digest: digestOf(bytes),
          size: bytes.length,
          open: () => Readable.from([bytes]),
        });
      await putManifest(session, target.path, target.tag ?? 'latest', { mediaType: TYPE.manifest, bytes: manifest });
    });
    context.err.write(` ${args[0]} published \n`);
    return 0;
  },
};

function descriptor({ mediaType, bytes }: { mediaType: string; bytes: Buffer }): object {
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
    if (variables.length && !flags.bool('with-env'))
      throw new CliError(
        `service ${JSON.stringify(name)} has environment variable(s) declared.\nTo avoid leaking sensitive data, you must either explicitly allow the sending of environment variables by using the --with-env flag,\nor remove sensitive data from your Compose configuration`,
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
  if (flags.bool('with-env'))
    for (const file of project.envFiles)
      layers.push({
        mediaType: TYPE.env,
        bytes: readFileSync(file),
        annotations: { 'com.docker.compose.envfile': basename(file) },
      });
  return layers;
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

/** With `--app`, the images that are built here go along. */
async function pushImages(compose: Compose, project: Project): Promise<void> {
  const own = Object.entries(project.services).filter(([, { build, image }]) => build && image);
  await pushServices(compose, new Map(own.map(([name, { image = '' }]) => [name, image])), {
    quiet: false,
    ignoreFailures: false,
  });
}
