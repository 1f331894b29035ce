import {
  type Decisions,
  decide,
  manyNetworks,
  type Observed,
  type Operation,
  observe,
  type Project,
  planUp,
  type Recreate,
  scaleOf,
  withDependencies,
} from '@berth/compose';
import { CliError } from '../../cli-error.ts';
import type { Parsed } from '../../command.ts';
import type { FlagValues } from '../../flags/values.ts';
import { type Compose, warn } from './compose.ts';
import { type ImageWishes, prepareImages } from './prepare-images.ts';

/** What `up`, `create`, `run`, `scale` and `plan` wish of the containers of some services. */
export interface Converge {
  project: Project;
  /** With what they depend on, in order. */
  services: string[];
  observed: Observed;
  decisions: Decisions;
  operations: Operation[];
}

export interface ConvergeWishes {
  named: readonly string[];
  dependencies: boolean;
  recreate: Recreate;
  recreateDependencies: Recreate;
  scale: ReadonlyMap<string, number>;
  removeOrphans: boolean;
  renewVolumes: boolean;
  replaceVolumes: boolean;
  timeout: number | undefined;
  start: boolean;
  /** Undefined: images are left as they are. */
  images: ImageWishes | undefined;
}

/** The wishes that flags of `up` and `create` say. */
export function readWishes(compose: Compose, { flags, args }: Parsed, has: (flag: string) => boolean): ConvergeWishes {
  const bool = (name: string) => has(name) && flags.bool(name);
  if (bool('force-recreate') && bool('no-recreate'))
    throw new CliError('--force-recreate and --no-recreate are incompatible');
  if (bool('always-recreate-deps') && bool('no-recreate'))
    throw new CliError('--always-recreate-deps and --no-recreate are incompatible');
  if (bool('build') && bool('no-build')) throw new CliError('--build and --no-build are incompatible');
  const recreate: Recreate = bool('no-recreate') ? 'never' : bool('force-recreate') ? 'always' : 'changed';
  return {
    named: args,
    dependencies: !bool('no-deps'),
    recreate,
    recreateDependencies: bool('always-recreate-deps') ? 'always' : recreate === 'never' ? 'never' : 'changed',
    scale: readScale(flags.list('scale')),
    removeOrphans: wantsNoOrphans(compose, flags),
    renewVolumes: bool('renew-anon-volumes'),
    replaceVolumes: bool('yes'),
    timeout: has('timeout') && flags.changed('timeout') ? flags.number('timeout') : undefined,
    start: !bool('no-start'),
    images: {
      pull: readPull(flags.string('pull')),
      build: bool('build'),
      noBuild: bool('no-build'),
      quietPull: bool('quiet-pull'),
      quietBuild: bool('quiet-build'),
    },
  };
}

/** `--remove-orphans`, or COMPOSE_REMOVE_ORPHANS where it is not given. */
export function wantsNoOrphans({ context }: Compose, flags: FlagValues): boolean {
  return flags.changed('remove-orphans') ? flags.bool('remove-orphans') : isOn(context.env.COMPOSE_REMOVE_ORPHANS);
}

/** A variable that says yes. */
export function isOn(text = ''): boolean {
  return /^(1|true|y|yes)$/i.test(text);
}

/** A value of `--pull`; throws CliError for a word that is none. */
export function readPull(text: string): string {
  if (['always', 'missing', 'never', 'build', 'policy', ''].includes(text)) return text;
  throw new CliError(
    `invalid --pull option ${JSON.stringify(text)}; accepted are "always", "missing", "never" and "build"`,
  );
}

/** `web=3` */
export function readScale(texts: readonly string[]): Map<string, number> {
  return new Map(
    texts.map((text) => {
      const [, service = '', count = ''] = /^([^=]+)=(\d+)$/.exec(text) ?? [];
      if (service === '') throw new CliError(`invalid --scale option ${JSON.stringify(text)}. Should be SERVICE=NUM`);
      return [service, Number(count)];
    }),
  );
}

/** Looks, gets images, decides and plans. Nothing of containers is changed yet. */
export async function converge(compose: Compose, project: Project, wishes: ConvergeWishes): Promise<Converge> {
  const { client } = compose.context;
  for (const service of wishes.scale.keys())
    if (!project.services[service]) throw new CliError(`no such service: ${service}`);
  const services = withDependencies(project, wishes.named, wishes.dependencies);
  refuseUnsupported(project, services, wishes);
  shareSocket(compose, project, services);
  const used = {
    ...project,
    services: Object.fromEntries(services.map((name) => [name, project.services[name] ?? {}])),
  };
  let observed = await observe(client, used, compose.style);
  if (
    wishes.images &&
    (await prepareImages(compose, project, services, observed.images, wishes.images)) &&
    !compose.dryRun
  )
    observed = await observe(client, used, compose.style);
  const decisions = decide(project, observed, {
    style: compose.style,
    services,
    named: new Set(wishes.named),
    recreate: wishes.recreate,
    recreateDependencies: wishes.recreateDependencies,
    scale: wishes.scale,
    removeOrphans: wishes.removeOrphans,
    replaceVolumes: wishes.replaceVolumes,
    allResources: compose.flags.bool('all-resources'),
  });
  refuseMissing(project, observed, decisions);
  sayOrphans(compose, decisions);
  for (const { volume, action, reasons } of decisions.volumes)
    if (action === 'keep' && reasons.length)
      warn(
        compose,
        `Volume ${JSON.stringify(volume.name)} exists but doesn't match configuration in compose file (${reasons.map(({ field }) => field).join(', ')}). It is kept; -y recreates it, and its data are lost.`,
      );
  const operations = planUp(decisions, {
    project,
    observed,
    style: compose.style,
    manyNetworks: manyNetworks(client.apiVersion),
    renewVolumes: wishes.renewVolumes,
    timeout: wishes.timeout,
    start: wishes.start,
  });
  return { project, services, observed, decisions, operations };
}

/** `use_api_socket`: the engine's socket is mounted, as other files of the host are. */
function shareSocket({ context }: Compose, project: Project, services: readonly string[]): void {
  for (const name of services) {
    const service = project.services[name];
    if (!service?.use_api_socket) continue;
    const source = /^unix:\/\/(\/.+)$/.exec(context.host)?.[1];
    if (source === undefined)
      throw new CliError(
        `service ${JSON.stringify(name)}: use_api_socket needs an engine at a Unix socket, not at ${context.host}`,
      );
    const mount = { type: 'bind' as const, source, target: '/var/run/docker.sock', bind: { create_host_path: false } };
    project.services[name] = { ...service, volumes: [...(service.volumes ?? []), mount] };
  }
}

/** What this engine has not is said before anything is done. */
function refuseUnsupported(project: Project, services: readonly string[], { scale }: ConvergeWishes): void {
  for (const name of services) {
    const service = project.services[name] ?? {};
    if (service.models && Object.keys(service.models).length)
      throw new CliError(
        `service ${JSON.stringify(name)}: 'models' need a model runner, which this engine does not have`,
      );
    if (service.provider)
      throw new CliError(
        `service ${JSON.stringify(name)}: 'provider' is not supported: the program ${JSON.stringify(service.provider.type)} would have to run it`,
      );
    if (service.container_name && (scale.get(name) ?? scaleOf(service)) > 1)
      throw new CliError(
        `services.${name}: can't scale a service with the container name ${JSON.stringify(service.container_name)}: it can be used once only`,
      );
  }
}

/** Networks and volumes that are others' have to be there. */
function refuseMissing(project: Project, observed: Observed, decisions: Decisions): void {
  for (const { network } of decisions.networks)
    if (network.external && !observed.networks.has(network.name) && !['host', 'none', 'bridge'].includes(network.name))
      throw new CliError(`network ${network.name} declared as external, but could not be found`);
  for (const { volume } of decisions.volumes)
    if (volume.external && !observed.volumes.has(volume.name))
      throw new CliError(`external volume ${JSON.stringify(volume.name)} not found`);
  for (const kind of ['configs', 'secrets'] as const)
    for (const service of Object.values(project.services))
      for (const { source } of service[kind] ?? [])
        if (project[kind][source]?.external)
          throw new CliError(
            `unsupported external ${kind.slice(0, -1)} ${project[kind][source].name}: only a swarm keeps these`,
          );
}

function sayOrphans(compose: Compose, { orphans }: Decisions): void {
  const { context, classic } = compose;
  const names = orphans.filter(({ remove }) => !remove).map(({ seen }) => seen.name);
  if (names.length === 0 || isOn(context.env.COMPOSE_IGNORE_ORPHANS)) return;
  if (classic)
    context.err.write(
      `WARNING: Found orphan containers (${names.join(', ')}) for this project. If you removed or renamed this service in your compose file, you can run this command with the --remove-orphans flag to clean it up.\n`,
    );
  else
    warn(
      compose,
      `Found orphan containers ([${names.join(' ')}]) for this project. If you removed or renamed this service in your compose file, you can run this command with the --remove-orphans flag to clean it up.`,
    );
}

/** Containers that stay as they are, for the view. */
export function keptNotes({ decisions }: Converge): [string, string][] {
  return decisions.containers
    .filter(({ action }) => action === 'keep')
    .map(({ name, seen }) => [`Container ${name}`, seen?.state === 'running' ? 'Running' : 'Exited']);
}
