import { containerConfig, hashOf, networkHash, volumeHash } from '../containers/hash.ts';
import { LABEL } from '../containers/labels.ts';
import { containerName, imageName, type Style, scaleOf } from '../containers/names.ts';
import type { Network, Project, Service, Volume } from '../model.ts';
import type { Observed, SeenContainer } from '../observe/observe.ts';
import { difference, type Reason } from './difference.ts';

/** When a container that is there is replaced. */
export type Recreate = 'changed' | 'never' | 'always';

/** What an `up` or `create` is to reach. */
export interface Wishes {
  style: Style;
  /** In the order of their dependencies; what they depend on is among them unless that is not wished. */
  services: readonly string[];
  /** Those that were asked for by name; all when none was. */
  named: ReadonlySet<string>;
  recreate: Recreate;
  recreateDependencies: Recreate;
  /** Number of containers, over what the file says. */
  scale: ReadonlyMap<string, number>;
  removeOrphans: boolean;
  /** Replaces volumes whose configuration differs; their data are lost. */
  replaceVolumes: boolean;
  /** Networks and volumes that no service uses, too. */
  allResources?: boolean;
}

export interface NetworkDecision {
  key: string;
  network: Network;
  action: 'create' | 'keep' | 'replace';
  reasons: Reason[];
}

export interface VolumeDecision {
  key: string;
  volume: Volume;
  action: 'create' | 'keep' | 'replace';
  reasons: Reason[];
}

export interface ContainerDecision {
  service: string;
  number: number;
  name: string;
  /** `restart`: what it depends on is replaced, and it wishes to be restarted then. */
  action: 'create' | 'replace' | 'start' | 'restart' | 'keep' | 'remove';
  /** The one that is there. */
  seen?: SeenContainer;
  reasons: Reason[];
}

export interface Decisions {
  networks: NetworkDecision[];
  volumes: VolumeDecision[];
  containers: ContainerDecision[];
  /** Containers of services that the files do not have. */
  orphans: { seen: SeenContainer; remove: boolean }[];
}

/** What has to be done so that what is there becomes what is wished, and why. Pure: same facts, same decisions. */
export function decide(project: Project, observed: Observed, wishes: Wishes): Decisions {
  const networks = usedNetworks(project, wishes).map(([key, network]) => decideNetwork(key, network, observed));
  const volumes = usedVolumes(project, wishes).map(([key, volume]) => decideVolume(key, volume, observed, wishes));
  const containers: ContainerDecision[] = [];
  for (const service of wishes.services) {
    if (project.services[service]?.provider) continue;
    containers.push(...decideService(service, { project, observed, wishes, networks, volumes, before: containers }));
  }
  return {
    networks,
    volumes,
    containers: containers.map((one) => leaveCompleted(one, project, containers)),
    orphans: findOrphans(project, observed, wishes),
  };
}

/** What ended well, and was only to end before others start, stays so while none of these is to start. */
function leaveCompleted(
  decision: ContainerDecision,
  project: Project,
  all: readonly ContainerDecision[],
): ContainerDecision {
  const { action, seen, service } = decision;
  if (action !== 'start' || !seen || !/^Exited \(0\)/.test(seen.status)) return decision;
  const waiting = all.filter(
    (one) => project.services[one.service]?.depends_on?.[service]?.condition === 'service_completed_successfully',
  );
  const isDone = waiting.length > 0 && waiting.every((one) => one.action === 'keep');
  return isDone ? { ...decision, action: 'keep', reasons: [{ field: '', note: 'it has completed' }] } : decision;
}

/** What the decision for one service is made from. */
interface Facts {
  project: Project;
  observed: Observed;
  wishes: Wishes;
  networks: readonly NetworkDecision[];
  volumes: readonly VolumeDecision[];
  /** Decisions for the services that this one may depend on. */
  before: readonly ContainerDecision[];
}

function decideService(name: string, facts: Facts): ContainerDecision[] {
  const { project, observed, wishes } = facts;
  const service = project.services[name] ?? {};
  const wanted = wishes.scale.get(name) ?? scaleOf(service);
  const present = observed.containers.filter((seen) => seen.service === name && !seen.oneOff);
  const kept = present.slice(0, wanted);
  const decisions = kept.map((seen) => decideContainer(name, service, seen, facts));
  const used = new Set(kept.map(({ number }) => number));
  for (let number = 1; decisions.length < wanted; number++) {
    if (used.has(number)) continue;
    const reasons = [
      {
        field: '',
        note: present.length ? `${wanted} containers are wished, ${present.length} are there` : 'there is none',
      },
    ];
    decisions.push({
      service: name,
      number,
      name: containerName(project, name, number, wishes.style),
      action: 'create',
      reasons,
    });
  }
  for (const seen of present.slice(wanted))
    decisions.push({
      service: name,
      number: seen.number,
      name: seen.name,
      action: 'remove',
      seen,
      reasons: [{ field: 'scale', from: present.length, to: wanted }],
    });
  return decisions;
}

function decideContainer(name: string, service: Service, seen: SeenContainer, facts: Facts): ContainerDecision {
  const { wishes, project } = facts;
  const policy = wishes.named.size === 0 || wishes.named.has(name) ? wishes.recreate : wishes.recreateDependencies;
  const base = { service: name, number: seen.number, seen };
  const reasons = policy === 'never' ? [] : replaceReasons(name, service, seen, facts);
  if (policy === 'always' && reasons.length === 0) reasons.push({ field: '', note: 'it was asked for' });
  if (reasons.length)
    return { ...base, name: containerName(project, name, seen.number, wishes.style), action: 'replace', reasons };
  const restart = restartReasons(service, facts);
  if (seen.state === 'running' || seen.state === 'restarting' || seen.state === 'paused')
    return { ...base, name: seen.name, action: restart.length ? 'restart' : 'keep', reasons: restart };
  return { ...base, name: seen.name, action: 'start', reasons: [{ field: '', note: `it is ${seen.state}` }] };
}

function replaceReasons(name: string, service: Service, seen: SeenContainer, facts: Facts): Reason[] {
  const { project, observed, wishes } = facts;
  const config = containerConfig(project, service);
  const reasons: Reason[] = [];
  if (seen.hash !== hashOf(config)) reasons.push(...configReasons(seen, config));
  const image = observed.images.get(imageName(project, name, service, wishes.style));
  const made = seen.labels[LABEL.image] ?? seen.imageId;
  if (image && made !== image.id)
    reasons.push({ field: 'image', from: made, to: image.id, note: 'the image behind the name is another one' });
  reasons.push(...resourceReasons(service, seen, facts), ...sharedReasons(service, facts));
  return reasons;
}

function configReasons(seen: SeenContainer, config: ReturnType<typeof containerConfig>): Reason[] {
  if (!seen.config) {
    const version = seen.labels[LABEL.version];
    return [
      {
        field: '',
        note: `another program made it${version ? ` (Compose ${version})` : ''}, with a configuration that cannot be compared`,
      },
    ];
  }
  const fields = difference(seen.config, config);
  return fields.length ? fields : [{ field: '', note: 'its configuration was written by another version' }];
}

/** Networks and volumes that are replaced, or that it should be in and is not. */
function resourceReasons(service: Service, seen: SeenContainer, { networks, volumes }: Facts): Reason[] {
  const reasons: Reason[] = [];
  for (const key of Object.keys(service.networks ?? {})) {
    const decision = networks.find((one) => one.key === key);
    if (!decision) continue;
    if (decision.action === 'replace') reasons.push({ field: `networks.${key}`, note: 'the network is replaced' });
    else if (decision.action === 'create' || !seen.networks.has(decision.network.name))
      reasons.push({ field: `networks.${key}`, note: 'it is not in the network' });
  }
  for (const mount of service.volumes ?? []) {
    const decision = mount.type === 'volume' ? volumes.find(({ key }) => key === mount.source) : undefined;
    if (decision?.action === 'replace')
      reasons.push({ field: `volumes.${decision.key}`, note: 'the volume is replaced' });
    else if (decision && !seen.volumes.has(decision.volume.name) && seen.config)
      reasons.push({ field: `volumes.${decision.key}`, note: 'it does not have the volume' });
  }
  return reasons;
}

/** What shares a namespace or volumes of a container has to follow the new one. */
function sharedReasons(service: Service, { before }: Facts): Reason[] {
  const replaced = (name: string) =>
    before.some((one) => one.service === name && (one.action === 'replace' || one.action === 'create'));
  const reasons: Reason[] = [];
  for (const key of ['network_mode', 'ipc', 'pid'] as const) {
    const other = /^service:(.+)$/.exec(service[key] ?? '')?.[1];
    if (other !== undefined && replaced(other))
      reasons.push({ field: key, note: `the container of ${other} is a new one` });
  }
  for (const from of service.volumes_from ?? []) {
    const other = from.split(':')[0] ?? '';
    if (!from.startsWith('container:') && replaced(other))
      reasons.push({ field: 'volumes_from', note: `the container of ${other} is a new one` });
  }
  return reasons;
}

function restartReasons(service: Service, { before }: Facts): Reason[] {
  return Object.entries(service.depends_on ?? {}).flatMap(([other, { restart }]) => {
    const isNew = before.some((one) => one.service === other && (one.action === 'replace' || one.action === 'restart'));
    return restart && isNew ? [{ field: `depends_on.${other}`, note: `${other} is restarted` }] : [];
  });
}

function usedNetworks(project: Project, { services, allResources }: Wishes): [string, Network][] {
  if (allResources) return Object.entries(project.networks);
  const used = new Set(services.flatMap((name) => Object.keys(project.services[name]?.networks ?? {})));
  return Object.entries(project.networks).filter(([key]) => used.has(key));
}

function usedVolumes(project: Project, { services, allResources }: Wishes): [string, Volume][] {
  if (allResources) return Object.entries(project.volumes);
  const used = new Set(
    services.flatMap((name) =>
      (project.services[name]?.volumes ?? []).map(({ type, source }) => (type === 'volume' ? source : undefined)),
    ),
  );
  return Object.entries(project.volumes).filter(([key]) => used.has(key));
}

function decideNetwork(key: string, network: Network, { networks }: Observed): NetworkDecision {
  const seen = networks.get(network.name);
  if (network.external) return { key, network, action: 'keep', reasons: [] };
  if (!seen) return { key, network, action: 'create', reasons: [{ field: '', note: 'there is none' }] };
  const hash = seen.labels[LABEL.configHash];
  const isOurs =
    seen.labels[LABEL.network] !== undefined && hash !== undefined && seen.labels[LABEL.config] !== undefined;
  if (!isOurs || hash === networkHash(network)) return { key, network, action: 'keep', reasons: [] };
  const reasons = difference(parsed(seen.labels[LABEL.config]), networkConfig(network));
  return { key, network, action: 'replace', reasons };
}

function decideVolume(key: string, volume: Volume, { volumes }: Observed, wishes: Wishes): VolumeDecision {
  const seen = volumes.get(volume.name);
  if (volume.external) return { key, volume, action: 'keep', reasons: [] };
  if (!seen) return { key, volume, action: 'create', reasons: [{ field: '', note: 'there is none' }] };
  const written = seen.labels[LABEL.config];
  if (written === undefined || seen.labels[LABEL.configHash] === volumeHash(volume))
    return { key, volume, action: 'keep', reasons: [] };
  const reasons = difference(parsed(written), networkConfig(volume));
  return { key, volume, action: wishes.replaceVolumes ? 'replace' : 'keep', reasons };
}

/** What a label keeps of a network or volume. */
export function networkConfig(resource: Network | Volume): ReturnType<typeof parsed> {
  const { external: _, ...rest } = resource;
  return parsed(JSON.stringify(rest));
}

function parsed(text: string | undefined) {
  try {
    return JSON.parse(text ?? '{}') as Record<string, never>;
  } catch {
    return {};
  }
}

/** Containers of the same project whose service is in none of its files. Those of other files of the same name are not ours. */
function findOrphans(project: Project, observed: Observed, { removeOrphans }: Wishes): Decisions['orphans'] {
  return observed.containers.filter((seen) => isOrphan(project, seen)).map((seen) => ({ seen, remove: removeOrphans }));
}

/** Made from one of this project's files, for a service that these do not have any more. */
export function isOrphan(project: Project, seen: SeenContainer): boolean {
  if (seen.oneOff || project.services[seen.service] || project.disabled[seen.service]) return false;
  const files = (seen.labels[LABEL.configFiles] ?? '').split(',').filter(Boolean);
  return files.length === 0 || files.some((file) => project.files.includes(file) || !file.startsWith('/'));
}
