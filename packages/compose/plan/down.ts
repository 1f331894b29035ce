import { LABEL } from '../containers/labels.ts';
import type { Project } from '../model.ts';
import type { Observed, SeenContainer } from '../observe/observe.ts';
import { goneId, removal, stoppedId } from './containers.ts';
import { containerSubject, networkSubject, type Operation, volumeSubject } from './operation.ts';
import { withoutLostNeeds } from './up.ts';

export interface DownFacts {
  project: Project;
  observed: Observed;
  /** Containers to remove. */
  containers: readonly SeenContainer[];
  timeout: number | undefined;
  /** Named volumes too, and those without a name. */
  volumes: boolean;
  /** Networks and named volumes: not when only some services go. */
  resources: boolean;
  /** All are stopped before the first is removed, as docker-compose does it. */
  stopFirst?: boolean;
  /** Names of images to remove. */
  images: readonly string[];
}

/** Stops and removes containers, dependents first, then what they used. */
export function planDown(facts: DownFacts): Operation[] {
  const { containers, project, observed } = facts;
  const operations: Operation[] = [];
  for (const seen of containers) operations.push(...removal(seen, facts, [], [], facts.volumes));
  dependentsFirst(operations, containers, project);
  if (facts.stopFirst)
    for (const one of operations) if (one.kind === 'remove-container') one.needs.push(...containers.map(stoppedId));
  const gone = containers.map(goneId);
  if (facts.resources) operations.push(...networkRemovals(project, observed, gone));
  if (facts.resources && facts.volumes) operations.push(...volumeRemovals(project, observed, gone));
  for (const image of facts.images)
    operations.push({
      id: `image:${image}`,
      kind: 'remove-image',
      needs: [...gone],
      subject: `Image ${image}`,
      words: ['Removing', 'Removed'],
      reasons: [],
      image,
      optional: true,
    });
  return withoutLostNeeds(operations);
}

/** A container is stopped after those of services that depend on its own. */
export function dependentsFirst(
  operations: readonly Operation[],
  containers: readonly SeenContainer[],
  project: Project,
): void {
  for (const seen of containers) {
    const stop = operations.find(({ id }) => id === stoppedId(seen));
    if (!stop) continue;
    for (const other of containers) {
      if (!dependenciesOf(other, project).includes(seen.service) || other.service === seen.service) continue;
      stop.needs.push(stoppedId(other));
    }
  }
}

/** From the files, or from the label where there are none. */
function dependenciesOf(seen: SeenContainer, project: Project): string[] {
  const service = project.services[seen.service] ?? project.disabled[seen.service];
  if (service) return Object.keys(service.depends_on ?? {});
  return (seen.labels[LABEL.dependsOn] ?? '').split(',').map((one) => one.split(':')[0] ?? '');
}

function networkRemovals(project: Project, observed: Observed, needs: readonly string[]): Operation[] {
  const byLabel = [...observed.networks.values()].filter(({ labels }) => labels[LABEL.project] === project.name);
  return byLabel.map(({ name }) => ({
    id: `network:${name}`,
    kind: 'remove-network',
    optional: true,
    needs: [...needs],
    subject: networkSubject(name),
    words: ['Removing', 'Removed'],
    reasons: [],
    name,
  }));
}

function volumeRemovals(project: Project, observed: Observed, needs: readonly string[]): Operation[] {
  const external = new Set(
    Object.values(project.volumes)
      .filter((volume) => volume.external)
      .map(({ name }) => name),
  );
  const declared = new Set(Object.values(project.volumes).map(({ name }) => name));
  const ours = [...observed.volumes.values()].filter(
    ({ name, labels }) => !external.has(name) && (labels[LABEL.project] === project.name || declared.has(name)),
  );
  return ours.map(({ name }) => ({
    id: `volume:${name}`,
    kind: 'remove-volume',
    needs: [...needs],
    subject: volumeSubject(name),
    words: ['Removing', 'Removed'],
    reasons: [],
    name,
  }));
}

/** Stops containers, dependents first. */
export function planStop(
  containers: readonly SeenContainer[],
  project: Project,
  timeout: number | undefined,
): Operation[] {
  const operations = containers.flatMap((seen) =>
    removal(seen, { project, timeout }, []).filter(({ kind }) => kind !== 'remove-container'),
  );
  dependentsFirst(operations, containers, project);
  return withoutLostNeeds(operations);
}

/** The same single call for each container. */
export function planEach(
  containers: readonly SeenContainer[],
  words: readonly [string, string],
  details: (
    seen: SeenContainer,
  ) =>
    | { kind: 'pause-container' | 'unpause-container'; container: string }
    | { kind: 'kill-container'; container: string; signal: string },
): Operation[] {
  return containers.map((seen) => ({
    id: `each:${seen.id}`,
    needs: [],
    subject: containerSubject(seen.name),
    words,
    reasons: [],
    ...details(seen),
  }));
}
