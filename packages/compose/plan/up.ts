import type { Style } from '../containers/names.ts';
import type { ContainerDecision, Decisions } from '../decide/decide.ts';
import type { Project, Service } from '../model.ts';
import type { Observed, SeenContainer } from '../observe/observe.ts';
import { type ContainerFacts, goneId, hookedId, planContainer, removal, startedId, stoppedId } from './containers.ts';
import { containerSubject, type Operation } from './operation.ts';
import { planPreStart, preStartIds } from './pre-start.ts';
import { planNetwork, planVolume } from './resources.ts';

export interface UpFacts {
  project: Project;
  observed: Observed;
  style: Style;
  manyNetworks: boolean;
  renewVolumes: boolean;
  timeout: number | undefined;
  start: boolean;
}

/** The operations that carry decisions out. Order is by `needs` alone; what does not need each other runs side by side. */
export function planUp(decisions: Decisions, facts: UpFacts): Operation[] {
  const { project, observed } = facts;
  const namesOf = (service: string) =>
    decisions.containers.filter((one) => one.service === service && one.action !== 'remove').map(({ name }) => name);
  const changed = (list: readonly { key: string; action: string }[]) =>
    new Set(list.filter(({ action }) => action !== 'keep').map(({ key }) => key));
  const containerFacts: ContainerFacts = {
    ...facts,
    made: { networks: changed(decisions.networks), volumes: changed(decisions.volumes) },
    namesOf: (service) => {
      const names = namesOf(service);
      return names.length
        ? names
        : observed.containers.filter((seen) => seen.service === service && !seen.oneOff).map(({ name }) => name);
    },
    decisions: decisions.containers,
  };
  const operations: Operation[] = [];
  for (const { seen, remove } of decisions.orphans)
    if (remove)
      operations.push(...removal(seen, containerFacts, [{ field: '', note: 'its service is in no file any more' }]));
  for (const decision of decisions.networks) operations.push(...planNetwork(project, decision, []));
  for (const decision of decisions.volumes) operations.push(...planVolume(project, decision, []));
  for (const decision of decisions.containers) operations.push(...planContainer(decision, containerFacts));
  freeNetworks(operations, decisions, observed);
  freeVolumes(operations, decisions);
  if (facts.start)
    for (const decision of decisions.containers)
      operations.push(...planStart(decision, operations, decisions, containerFacts));
  return withoutLostNeeds(operations);
}

/** A network that is replaced: its containers are stopped and leave it before it goes, and are made after it is there again. */
function freeNetworks(operations: Operation[], decisions: Decisions, observed: Observed): void {
  for (const { network, key, action } of decisions.networks) {
    const remove = operations.find(({ id }) => id === `network:${key}:remove`);
    if (action !== 'replace' || !remove) continue;
    for (const seen of observed.containers.filter((one) => one.networks.has(network.name))) {
      const stop = operations.find(({ id }) => id === stoppedId(seen));
      const leave: Operation = {
        id: `leave:${key}:${seen.id}`,
        kind: 'disconnect-network',
        needs: stop ? [stop.id] : [],
        subject: containerSubject(seen.name),
        words: ['', ''],
        reasons: [],
        network: network.name,
        container: seen.id,
      };
      operations.push(leave);
      remove.needs.push(leave.id);
      // It is stopped first, not after the new one is there: that one needs the network.
      if (stop) stop.needs = stop.needs.filter((id) => id.startsWith('pre-stop:'));
    }
  }
}

/** A volume that is replaced goes after the containers that have it; theirs are made after that. */
function freeVolumes(operations: Operation[], { volumes, containers }: Decisions): void {
  for (const { key, volume, action } of volumes) {
    const remove = operations.find(({ id }) => id === `volume:${key}:remove`);
    if (action !== 'replace' || !remove) continue;
    for (const { seen } of containers) {
      if (!seen?.volumes.has(volume.name)) continue;
      const gone = operations.find(({ id }) => id === goneId(seen));
      const stop = operations.find(({ id }) => id === stoppedId(seen));
      if (gone) remove.needs.push(gone.id);
      for (const one of [gone, stop]) if (one) one.needs = one.needs.filter((id) => !id.startsWith('create:'));
    }
  }
}

/** Starting, what has to be so before, and the hooks after it. */
function planStart(
  decision: ContainerDecision,
  before: readonly Operation[],
  decisions: Decisions,
  facts: ContainerFacts,
): Operation[] {
  const { action, name, seen } = decision;
  if (action === 'keep' || action === 'remove') return [];
  const service = facts.project.services[decision.service] ?? {};
  const waits = dependencyWaits(decision, service, before, decisions, facts);
  const steps = planPreStart(decision, service, facts, waits.needs).filter(
    ({ id }) => !before.some((one) => one.id === id),
  );
  const last = preStartIds(decision, service).slice(-1);
  const subject = containerSubject(name);
  const own = before.filter((one) => one.subject === subject && !one.id.startsWith('leave:')).map(({ id }) => id);
  const needs = [...own, ...waits.needs, ...last];
  const start: Operation =
    action === 'restart'
      ? {
          id: startedId(name),
          kind: 'restart-container',
          needs,
          subject,
          words: ['Restarting', 'Started'],
          reasons: decision.reasons,
          container: seen?.id ?? name,
          timeout: facts.timeout,
        }
      : {
          id: startedId(name),
          kind: 'start-container',
          needs,
          subject,
          words: ['Starting', 'Started'],
          reasons: decision.reasons,
          container: name,
        };
  return [...waits.operations, ...steps, start, ...postStartHooks(name, service)];
}

function postStartHooks(name: string, service: Service): Operation[] {
  return (service.post_start ?? []).map((hook, index) => ({
    id: hookedId(name, index),
    kind: 'run-hook',
    needs: [index === 0 ? startedId(name) : hookedId(name, index - 1)],
    subject: containerSubject(name),
    words: ['', ''],
    reasons: [],
    container: name,
    hook,
  }));
}

/** What a start waits for: that dependencies run, are healthy, or have ended well. */
function dependencyWaits(
  decision: ContainerDecision,
  service: Service,
  before: readonly Operation[],
  decisions: Decisions,
  facts: ContainerFacts,
): { needs: string[]; operations: Operation[] } {
  const needs: string[] = [];
  const operations: Operation[] = [];
  const starting = (name: string) =>
    before.filter(({ id }) => id === startedId(name) || id.startsWith(`hook:${name}:`)).map(({ id }) => id);
  for (const [other, { condition, required }] of Object.entries(service.depends_on ?? {})) {
    if (!decisions.containers.some((one) => one.service === other)) continue;
    for (const name of facts.namesOf(other)) {
      const started = starting(name);
      if (condition === 'service_started') {
        needs.push(...started);
        continue;
      }
      const isHealth = condition === 'service_healthy';
      const id = `${isHealth ? 'healthy' : 'completed'}:${name}${required === false ? ':optional' : ''}`;
      needs.push(id);
      if (before.some((one) => one.id === id) || operations.some((one) => one.id === id)) continue;
      operations.push({
        id,
        kind: isHealth ? 'wait-healthy' : 'wait-completed',
        needs: started,
        subject: containerSubject(name),
        words: ['Waiting', isHealth ? 'Healthy' : 'Exited'],
        reasons: [{ field: `depends_on.${other}`, note: `${decision.service} waits for it` }],
        container: name,
        service: other,
        ...(required === false && { optional: true }),
      });
    }
  }
  return { needs, operations };
}

/** Needs that nothing in the plan fulfils are fulfilled already. */
export function withoutLostNeeds(operations: readonly Operation[]): Operation[] {
  const known = new Set(operations.map(({ id }) => id));
  return operations.map((one) => ({
    ...one,
    needs: [...new Set(one.needs)].filter((id) => known.has(id) && id !== one.id),
  }));
}

/** For those who attach: the containers that a plan starts or that run already, by service. */
export function runningAfter(decisions: Decisions): { name: string; service: string; seen?: SeenContainer }[] {
  return decisions.containers
    .filter(({ action }) => action !== 'remove')
    .map(({ name, service, seen, action }) => ({
      name,
      service,
      ...(action === 'keep' && seen?.state === 'running' && { seen }),
    }));
}

/** Engines take several networks in a create call from API 1.44 on. */
export function manyNetworks(apiVersion: string): boolean {
  const [major = 0, minor = 0] = apiVersion.split('.').map(Number);
  return major > 1 || minor >= 44;
}
