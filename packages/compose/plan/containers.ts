import { createBody } from '../containers/body.ts';
import { copiedFiles } from '../containers/mounts.ts';
import { containerName, imageName, type Style, separatorOf } from '../containers/names.ts';
import { attachments } from '../containers/networks.ts';
import type { ContainerDecision } from '../decide/decide.ts';
import type { Project, Service } from '../model.ts';
import { durationOf } from '../normalize/units.ts';
import type { Observed, SeenContainer } from '../observe/observe.ts';
import { containerSubject, type Operation } from './operation.ts';

/** What the operations for containers depend on besides the decisions. */
export interface ContainerFacts {
  project: Project;
  observed: Observed;
  style: Style;
  /** The engine takes several networks at once. */
  manyNetworks: boolean;
  /** Volumes without a name are not taken over. */
  renewVolumes: boolean;
  /** Seconds, for stopping. */
  timeout: number | undefined;
  /** False: only what has to be there is made. */
  start: boolean;
  /** Networks and volumes that are made in this plan, by their keys. */
  made: { networks: ReadonlySet<string>; volumes: ReadonlySet<string> };
  /** Names of a service's containers after the plan. */
  namesOf: (service: string) => readonly string[];
  decisions: readonly ContainerDecision[];
}

/** Ids: the operation after which the container is there under its name, and the one after which it runs. */
export const readyId = (name: string) => `ready:${name}`;
export const startedId = (name: string) => `start:${name}`;
export const goneId = (seen: SeenContainer) => `remove:${seen.id}`;
export const stoppedId = (seen: SeenContainer) => `stop:${seen.id}`;
export const hookedId = (name: string, index: number) => `hook:${name}:${index}`;

/** The operations for one container, but for those that wait for what it depends on. */
export function planContainer(decision: ContainerDecision, facts: ContainerFacts): Operation[] {
  const { action, seen } = decision;
  if (action === 'remove' && seen) return removal(seen, facts, decision.reasons);
  if (action === 'create') return create(decision, decision.name, facts, []);
  if (action === 'replace' && seen) return replace(decision, seen, facts);
  return [];
}

function create(decision: ContainerDecision, name: string, facts: ContainerFacts, needs: string[]): Operation[] {
  const { project, style, manyNetworks } = facts;
  const service = project.services[decision.service] ?? {};
  const all = attachments(project, decision.service, service, {
    containerName: decision.name,
    useAliases: true,
    links: linksOf(service, facts),
  });
  const isReplacing = decision.action === 'replace';
  const body = createBody({
    project,
    name: decision.service,
    service,
    style,
    number: decision.number,
    imageId: facts.observed.images.get(imageName(project, decision.service, service, style))?.id,
    attachments: all,
    inherited: decision.seen && !facts.renewVolumes ? decision.seen.anonymous : new Map(),
    containerOf: (other) => facts.namesOf(other)[0] ?? containerName(project, other, 1, style),
    manyNetworks,
    ...(isReplacing && decision.seen && { replaces: decision.seen.id }),
  });
  const subject = containerSubject(decision.name);
  const id = isReplacing ? `create:${decision.name}` : readyId(decision.name);
  const made: Operation = {
    id: `create:${name}`,
    kind: 'create-container',
    needs: [...needs, ...resourcesOf(service, facts)],
    subject,
    words: isReplacing ? ['Recreate', 'Recreated'] : ['Creating', 'Created'],
    reasons: decision.reasons,
    name,
    body,
    platform: service.platform ?? '',
  };
  const base = { subject, words: ['', ''] as const, reasons: [], needs: [made.id] };
  const further: Operation[] = manyNetworks
    ? []
    : all.slice(1).map(({ key, network, endpoint }) => ({
        ...base,
        id: `${made.id}:${key}`,
        kind: 'connect-network' as const,
        network,
        container: name,
        endpoint,
      }));
  const files = copiedFiles(project, service);
  if (files.length) further.push({ ...base, id: `${made.id}:files`, kind: 'copy-files', container: name, files });
  if (further.length === 0) return [{ ...made, id }];
  return [made, ...further];
}

/** Everything of `create` that has to be done before the container may start. */
function idsOf(operations: readonly Operation[]): string[] {
  return operations.map(({ id }) => id);
}

function replace(decision: ContainerDecision, seen: SeenContainer, facts: ContainerFacts): Operation[] {
  const temporary = `${seen.id.slice(0, 12)}_${decision.name}`;
  const isInTheWay = facts.observed.containers.some((other) => other.name === temporary);
  const made = create(decision, isInTheWay ? `${temporary}_${separatorOf(facts.style)}` : temporary, facts, []);
  const [gone] = removal(seen, facts, decision.reasons, idsOf(made)).slice(-1);
  const stop = removal(seen, facts, decision.reasons, idsOf(made)).slice(0, -1);
  const base = { subject: containerSubject(decision.name), words: ['', ''] as const, reasons: [] };
  const created = made.find((one) => one.kind === 'create-container');
  const renamed: Operation = {
    ...base,
    id: readyId(decision.name),
    kind: 'rename-container',
    needs: [...(gone ? [gone.id] : []), ...idsOf(made)],
    container: created?.kind === 'create-container' ? created.name : '',
    name: decision.name,
  };
  // The new container takes the old one's place: only its own steps are said.
  const silent = [...stop, ...(gone ? [gone] : [])].map((one) => ({ ...one, words: ['', ''] as const }));
  return [...made, ...silent, renamed];
}

/** Stops a container that runs, and removes it. */
export function removal(
  seen: SeenContainer,
  { timeout, project }: Pick<ContainerFacts, 'timeout' | 'project'>,
  reasons: Operation['reasons'],
  needs: readonly string[] = [],
  volumes = false,
): Operation[] {
  const subject = containerSubject(seen.name);
  const hooks = seen.state === 'running' ? (project.services[seen.service]?.pre_stop ?? []) : [];
  const before: Operation[] = hooks.map((hook, index) => ({
    id: `pre-stop:${seen.id}:${index}`,
    kind: 'run-hook',
    needs: index === 0 ? [...needs] : [`pre-stop:${seen.id}:${index - 1}`],
    subject,
    words: ['', ''],
    reasons: [],
    container: seen.id,
    hook,
  }));
  const runs = ['running', 'restarting', 'paused'].includes(seen.state);
  const stop: Operation = {
    id: stoppedId(seen),
    kind: 'stop-container',
    needs: before.length ? idsOf(before).slice(-1) : [...needs],
    subject,
    words: ['Stopping', 'Stopped'],
    reasons,
    container: seen.id,
    timeout: timeout ?? graceSeconds(project.services[seen.service]),
  };
  const remove: Operation = {
    id: goneId(seen),
    kind: 'remove-container',
    needs: runs ? [stop.id] : [...needs],
    subject,
    words: ['Removing', 'Removed'],
    reasons,
    container: seen.id,
    volumes,
    force: true,
  };
  return runs ? [...before, stop, remove] : [remove];
}

/** Engines know it from the container itself, unless another program made it. */
function graceSeconds(service: Service | undefined): number | undefined {
  const period = service?.stop_grace_period;
  const nanoseconds = period === undefined ? undefined : durationOf(period);
  return nanoseconds === undefined ? undefined : Math.ceil(nanoseconds / 1e9);
}

/** Networks and volumes that are made in this plan, and containers whose namespaces or volumes are used. */
function resourcesOf(service: Service, { made, namesOf, decisions }: ContainerFacts): string[] {
  const networks = Object.keys(service.networks ?? {}).filter((key) => made.networks.has(key));
  const volumes = (service.volumes ?? []).flatMap(({ type, source }) =>
    type === 'volume' && source && made.volumes.has(source) ? [source] : [],
  );
  const shared = sharedServices(service).flatMap((other) => namesOf(other).slice(0, 1));
  const isMade = (name: string) =>
    decisions.some((one) => one.name === name && (one.action === 'create' || one.action === 'replace'));
  return [
    ...networks.map((key) => `network:${key}`),
    ...new Set(volumes.map((key) => `volume:${key}`)),
    ...shared.filter(isMade).map(readyId),
  ];
}

/** Services whose container has to be there when this one is created. */
export function sharedServices(service: Service): string[] {
  const modes = [service.network_mode, service.ipc, service.pid].flatMap((mode) =>
    mode?.startsWith('service:') ? [mode.slice(8)] : [],
  );
  const volumes = (service.volumes_from ?? []).flatMap((from) =>
    from.startsWith('container:') ? [] : [from.split(':')[0] ?? ''],
  );
  return [...modes, ...volumes];
}

/** `CONTAINER:ALIAS`, for services that are linked and containers from outside. */
function linksOf(service: Service, { namesOf, project, style }: ContainerFacts): string[] {
  const links: string[] = [];
  for (const link of service.links ?? []) {
    const [other = '', alias = other] = link.split(':');
    for (const name of namesOf(other)) {
      links.push(`${name}:${alias}`);
      if (alias === other)
        links.push(`${name}:${name.replace(`${project.name}${separatorOf(style)}`, '')}`, `${name}:${name}`);
    }
  }
  for (const link of service.external_links ?? []) {
    const [name = '', alias = name] = link.split(':');
    links.push(`${name}:${alias}`);
  }
  return [...new Set(links)];
}
