import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { type Build, imageName, type Project } from '@berth/compose';
import { CliError } from '../../cli-error.ts';
import type { Context } from '../../context.ts';
import { entries } from '../../registry.ts';
import type { Compose } from './compose.ts';
import { delegate } from './delegate.ts';
import { openView } from './view/progress.ts';

export interface BuildOptions {
  quiet: boolean;
  noCache?: boolean;
  pull?: boolean;
  args?: readonly string[];
  memory?: number;
  ssh?: string;
  provenance?: string;
  sbom?: string;
  check?: boolean;
  compress?: boolean;
  forceRm?: boolean;
  /** Keeps containers of steps. */
  noRm?: boolean;
  builder?: string;
}

/** Builds the images of services, in their order; the way is the client's own `build`. */
export async function buildServices(
  compose: Compose,
  project: Project,
  services: readonly string[],
  options: BuildOptions,
): Promise<void> {
  const { context, style, classic, dryRun } = compose;
  const entry = entries.find(
    ({ path, aliases }) => path === 'build' || path === 'image build' || aliases?.includes('build'),
  );
  if (!entry) throw new CliError('building images is not in this version of Berth');
  const build = await entry.load();
  // What docker-compose shows is the classic stream of steps.
  const viewed: Context = classic
    ? Object.create(context, { env: { value: { DOCKER_BUILDKIT: '0', ...context.env } } })
    : context;
  const done = new Map<string, string>();
  for (const name of inOrder(project, services)) {
    const service = project.services[name];
    if (!service?.build) continue;
    const image = imageName(project, name, service, style);
    const scratch = mkdtempSync(join(tmpdir(), 'berth-compose-'));
    try {
      const words = buildWords(
        compose,
        project,
        image,
        { ...service.build, ...(service.platform && !service.build.platforms && { platforms: [service.platform] }) },
        { ...options, scratch, done },
      );
      if (classic) context.err.write(`Building ${name}\n`);
      const known = new Set(build.flags.map(({ long }) => long));
      const unknown = words.find((word) => word.startsWith('--') && !known.has(word.slice(2).split('=')[0] ?? ''));
      if (unknown) throw new CliError(`service ${JSON.stringify(name)}: the builder has no ${unknown.split('=')[0]}`);
      const code = dryRun ? 0 : await delegate(viewed, build, words, `${compose.program} build`);
      if (code !== 0)
        throw new CliError(
          classic ? `ERROR: Service '${name}' failed to build` : `failed to build service ${JSON.stringify(name)}`,
          code,
        );
      done.set(name, image);
    } finally {
      rmSync(scratch, { recursive: true, force: true });
    }
    if (classic || options.check) continue;
    const view = await openView(compose, { quiet: options.quiet });
    view.note(name, 'Built');
    view.end();
  }
}

/** A service whose image is a context of another one is built before it. */
export function inOrder(project: Project, services: readonly string[]): string[] {
  const ordered: string[] = [];
  const visit = (name: string, chain: readonly string[]) => {
    if (ordered.includes(name) || chain.includes(name)) return;
    for (const context of Object.values(project.services[name]?.build?.additional_contexts ?? {}))
      if (context.startsWith('service:')) visit(context.slice(8), [...chain, name]);
    ordered.push(name);
  };
  for (const name of services) visit(name, []);
  return ordered;
}

interface WordOptions extends BuildOptions {
  /** Folder for files of this build. */
  scratch: string;
  /** Images of services that are built already. */
  done: ReadonlyMap<string, string>;
}

/** The words of a `build` command for a service. */
function buildWords(compose: Compose, project: Project, image: string, build: Build, options: WordOptions): string[] {
  const each = (flag: string, values: readonly string[] | undefined) =>
    (values ?? []).map((value) => `--${flag}=${value}`);
  const pairs = (flag: string, values: Record<string, string | null> | undefined) =>
    Object.entries(values ?? {}).map(([key, value]) => `--${flag}=${value === null ? key : `${key}=${value}`}`);
  const context = build.context ?? '.';
  const file =
    build.dockerfile_inline === undefined
      ? dockerfile(context, build.dockerfile ?? 'Dockerfile')
      : join(options.scratch, 'Dockerfile');
  if (build.dockerfile_inline !== undefined) writeFileSync(file, build.dockerfile_inline);
  return [
    `--tag=${image}`,
    ...each('tag', build.tags),
    `--file=${file}`,
    ...pairs('build-arg', build.args),
    ...each('build-arg', options.args),
    ...pairs('label', build.labels),
    ...each('cache-from', build.cache_from),
    ...each('cache-to', build.cache_to),
    ...each('no-cache-filter', build.no_cache_filter),
    ...each('allow', build.entitlements),
    ...Object.entries(build.extra_hosts ?? {}).flatMap(([host, all]) => all.map((ip) => `--add-host=${host}:${ip}`)),
    ...Object.entries(build.additional_contexts ?? {}).map(
      ([key, value]) => `--build-context=${key}=${contextOf(value, options.done)}`,
    ),
    ...Object.entries(build.ulimits ?? {}).map(
      ([key, value]) => `--ulimit=${key}=${typeof value === 'number' ? value : `${value.soft}:${value.hard}`}`,
    ),
    ...(build.secrets ?? []).map((grant) => `--secret=${secret(project, grant.source, grant.target, options.scratch)}`),
    ...each('ssh', options.ssh ? [options.ssh, ...(build.ssh ?? [])] : build.ssh),
    ...(build.target ? [`--target=${build.target}`] : []),
    ...(build.network ? [`--network=${build.network}`] : []),
    ...(build.shm_size ? [`--shm-size=${build.shm_size}`] : []),
    ...(build.isolation ? [`--isolation=${build.isolation}`] : []),
    ...(build.platforms?.length ? [`--platform=${build.platforms.join(',')}`] : []),
    ...attestation('provenance', options.provenance || build.provenance),
    ...attestation('sbom', options.sbom || build.sbom),
    ...(build.privileged ? ['--allow=security.insecure'] : []),
    ...(options.noCache || build.no_cache ? ['--no-cache'] : []),
    ...(options.pull || build.pull ? ['--pull'] : []),
    ...(options.memory ? [`--memory=${options.memory}`] : []),
    ...(options.builder ? [`--builder=${options.builder}`] : []),
    ...(options.check ? ['--check'] : []),
    ...(options.compress ? ['--compress'] : []),
    ...(options.forceRm ? ['--force-rm'] : []),
    ...(options.noRm ? ['--rm=false'] : []),
    ...progress(compose, options),
    context,
  ];
}

function attestation(flag: string, value: string | boolean | undefined): string[] {
  return value === undefined || value === '' ? [] : [`--${flag}=${value}`];
}

/** Quiet is to say nothing at all; `--quiet` of the client's own build prints the image. */
function progress({ progress: wish }: Compose, { quiet }: BuildOptions): string[] {
  if (quiet || wish === 'quiet') return ['--progress=none'];
  return wish === 'auto' ? [] : [`--progress=${wish}`];
}

function dockerfile(context: string, file: string): string {
  const isRemote = /^([a-z][a-z0-9+.-]*:\/\/|git@)/.test(context);
  return isRemote || isAbsolute(file) ? file : resolve(context, file);
}

function contextOf(value: string, done: ReadonlyMap<string, string>): string {
  if (!value.startsWith('service:')) return value;
  const name = value.slice(8);
  return `docker-image://${done.get(name) ?? name}`;
}

/** A secret of the project for `--secret`. */
function secret(project: Project, source: string, target: string | undefined, scratch: string): string {
  const given = project.secrets[source];
  const id = target ?? source;
  if (given?.file !== undefined) return `id=${id},src=${given.file}`;
  if (given?.environment === undefined)
    throw new CliError(`build.secrets: secret ${JSON.stringify(source)} has neither a file nor a variable`);
  const path = join(scratch, `secret-${source.replace(/[^\w.-]/g, '_')}`);
  writeFileSync(path, project.variables.get(given.environment)?.value ?? '', { mode: 0o600 });
  return `id=${id},src=${path}`;
}
