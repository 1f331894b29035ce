import {
  type ContainerSummary,
  type EngineClient,
  inspectImage,
  listContainers,
  listNetworks,
  listVolumes,
} from '@berth/client';
import { isBerthError } from '@berth/kit';
import { LABEL } from '../containers/labels.ts';
import { imageName, type Style } from '../containers/names.ts';
import type { Plain } from '../load/node.ts';
import type { Project } from '../model.ts';

/** A container of the project, as the engine shows it. */
export interface SeenContainer {
  id: string;
  /** Without the slash. */
  name: string;
  service: string;
  number: number;
  oneOff: boolean;
  /** `running`, `exited`, … */
  state: string;
  /** For people: `Up 3 seconds (healthy)`. */
  status: string;
  imageId: string;
  /** '' when another program made it without. */
  hash: string;
  /** What it was made of; undefined when another program made it. */
  config: Record<string, Plain> | undefined;
  labels: Record<string, string>;
  /** Name to id. */
  networks: ReadonlyMap<string, string>;
  /** Volumes without a name of their own: target to name. */
  anonymous: ReadonlyMap<string, string>;
  /** Names of all its volumes. */
  volumes: ReadonlySet<string>;
  summary: ContainerSummary;
}

export interface SeenNetwork {
  id: string;
  name: string;
  labels: Record<string, string>;
}

export interface SeenImage {
  id: string;
  /** Milliseconds since the epoch; when it got its name here. */
  taggedAt: number | undefined;
}

/** What is there. */
export interface Observed {
  containers: SeenContainer[];
  networks: ReadonlyMap<string, SeenNetwork>;
  volumes: ReadonlyMap<string, { name: string; labels: Record<string, string> }>;
  /** By the name that a service uses; absent when there is none. */
  images: ReadonlyMap<string, SeenImage>;
}

/** Looks at everything that a decision about these services needs: one call per kind of object, one per image. */
export async function observe(client: EngineClient, project: Project, style: Style): Promise<Observed> {
  const names = new Set(
    Object.entries(project.services)
      .filter(([, service]) => !service.provider)
      .map(([name, service]) => imageName(project, name, service, style)),
  );
  const [containers, networks, volumes, images] = await Promise.all([
    observeContainers(client, project.name),
    listNetworks(client, {}),
    listVolumes(client, {}),
    observeImages(client, [...names]),
  ]);
  return {
    containers,
    networks: new Map(networks.map(({ Id, Name, Labels }) => [Name, { id: Id, name: Name, labels: Labels ?? {} }])),
    volumes: new Map((volumes.Volumes ?? []).map(({ Name, Labels }) => [Name, { name: Name, labels: Labels ?? {} }])),
    images,
  };
}

/** All containers of a project, also those that do not run, by service and number. */
export async function observeContainers(client: EngineClient, project: string): Promise<SeenContainer[]> {
  const found = await listContainers(client, {
    all: true,
    limit: 0,
    size: false,
    filters: { label: [`${LABEL.project}=${project}`] },
  });
  const seen = found.filter(({ Labels }) => Labels?.[LABEL.service] !== undefined).map(seenContainer);
  return seen.sort((a, b) => (a.service < b.service ? -1 : a.service > b.service ? 1 : a.number - b.number));
}

const ANONYMOUS = /^[0-9a-f]{64}$/;

export function seenContainer(summary: ContainerSummary): SeenContainer {
  const labels = summary.Labels ?? {};
  const mounts = (summary.Mounts ?? []).filter(({ Type, Name }) => Type === 'volume' && Name);
  return {
    id: summary.Id,
    // Links of older engines are further names with two slashes.
    name:
      (summary.Names ?? []).map((name) => name.replace(/^\//, '')).find((name) => !name.includes('/')) ?? summary.Id,
    service: labels[LABEL.service] ?? '',
    number: Number(labels[LABEL.number] ?? 0),
    oneOff: labels[LABEL.oneOff] === 'True',
    state: summary.State,
    status: summary.Status,
    imageId: summary.ImageID,
    hash: labels[LABEL.configHash] ?? '',
    config: readConfig(labels[LABEL.config]),
    labels,
    networks: new Map(
      Object.entries(summary.NetworkSettings?.Networks ?? {}).map(([name, network]) => [
        name,
        network?.NetworkID ?? '',
      ]),
    ),
    anonymous: new Map(
      mounts
        .filter(({ Name }) => ANONYMOUS.test(Name ?? ''))
        .map(({ Destination, Name }) => [Destination ?? '', Name ?? '']),
    ),
    volumes: new Set(mounts.map(({ Name }) => Name ?? '')),
    summary,
  };
}

function readConfig(text: string | undefined): Record<string, Plain> | undefined {
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, Plain>)
      : undefined;
  } catch {
    return undefined; // somebody else's label of that name
  }
}

async function observeImages(client: EngineClient, names: readonly string[]): Promise<Map<string, SeenImage>> {
  const found = await Promise.all(names.map(async (name) => [name, await observeImage(client, name)] as const));
  return new Map(found.flatMap(([name, image]) => (image === undefined ? [] : [[name, image] as const])));
}

/** Undefined when it is not there. */
export async function observeImage(client: EngineClient, name: string): Promise<SeenImage | undefined> {
  try {
    const details = JSON.parse(await inspectImage(client, name)) as { Id: string; Metadata?: { LastTagTime?: string } };
    const tagged = Date.parse(details.Metadata?.LastTagTime ?? '');
    return { id: details.Id, taggedAt: Number.isNaN(tagged) || tagged <= 0 ? undefined : tagged };
  } catch (error) {
    if (isBerthError(error, 'not-found')) return undefined;
    throw error;
  }
}

/** The digest that an image's name has here, else that of its registry; undefined when neither knows one. */
export async function observeImageDigest(client: EngineClient, name: string): Promise<string | undefined> {
  try {
    const { RepoDigests } = JSON.parse(await inspectImage(client, name)) as { RepoDigests?: string[] | null };
    const digest = RepoDigests?.[0]?.split('@')[1];
    if (digest !== undefined) return digest;
  } catch (error) {
    if (!isBerthError(error, 'not-found')) throw error;
  }
  try {
    const answer = await client.json<{ Descriptor?: { digest?: string } }>('GET', `/distribution/${name}/json`);
    return answer.Descriptor?.digest;
  } catch {
    return undefined; // no registry knows it, or none can be reached
  }
}
