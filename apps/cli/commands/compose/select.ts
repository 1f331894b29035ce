import { observeContainers, type Project, type SeenContainer } from '@berth/compose';
import { CliError } from '../../cli-error.ts';
import { type Compose, projectOrName } from './compose.ts';

export interface SelectOptions {
  /** Those of `run` too; `only` them. */
  oneOff?: 'also' | 'only';
  /** Only those of services that the files name, where there are files: what changes containers leaves orphans alone. */
  declared?: boolean;
}

/** Containers of the services that are named, of all when none is. */
export async function selectContainers(
  compose: Compose,
  services: readonly string[],
  options: SelectOptions = {},
): Promise<{ project: Project; containers: SeenContainer[]; all: SeenContainer[] }> {
  const project = projectOrName(compose, services);
  const all = await observeContainers(compose.context.client, project.name);
  const isDeclared = (service: string) =>
    project.files.length === 0 || Boolean(project.services[service] ?? project.disabled[service]);
  const containers = all.filter(
    ({ service, oneOff }) =>
      (services.length === 0 ? !options.declared || isDeclared(service) : services.includes(service)) &&
      (options.oneOff === 'only' ? oneOff : options.oneOff === 'also' || !oneOff),
  );
  return { project, containers, all };
}

/** The container of a service that a command is about: number `index`, else the first one. */
export async function oneContainer(
  compose: Compose,
  service: string,
  index: number,
  running = true,
): Promise<SeenContainer> {
  const { containers } = await selectContainers(compose, [service]);
  const candidates = index > 0 ? containers.filter(({ number }) => number === index) : containers;
  const found = candidates.find(({ state }) => state === 'running') ?? candidates[0];
  const what =
    index > 0
      ? `service ${JSON.stringify(service)} is not running container #${index}`
      : `service ${JSON.stringify(service)} is not running`;
  if (!found || (running && found.state !== 'running' && found.state !== 'paused')) {
    if (compose.classic) throw new CliError(`ERROR: No container found for ${service}_${index || 1}`);
    throw new CliError(what);
  }
  return found;
}
