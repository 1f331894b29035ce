import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { CreateContainerBody } from '@berth/client';
import {
  composeFile,
  containerConfig,
  decide,
  LABEL,
  loadProject,
  type Observed,
  type Project,
  planUp,
  type SeenContainer,
  toYaml,
  withDependencies,
} from '@berth/compose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BESIDE, OVERRIDE, STACKS } from './corpus.cases.ts';

let folder: string;
beforeAll(() => {
  folder = path.join(mkdtempSync(path.join(tmpdir(), 'berth-corpus-')), 'corpus');
  for (const below of ['.', 'api', 'docker/php']) mkdirSync(path.join(folder, below), { recursive: true });
  for (const [name, text] of Object.entries(BESIDE)) writeFileSync(path.join(folder, name), text);
});
afterAll(() => rmSync(path.dirname(folder), { recursive: true, force: true }));

/** Each application alone, with a second file, and as Compose itself prints it. */
const CASES = Object.entries(STACKS).flatMap(([name, text]) =>
  (['alone', 'with an override', 'printed and read again'] as const).map((how) => [name, how, text] as const),
);

const env = { HOME: '/root', PATH: '/usr/bin' };
const load = (files: string[], cwd = folder) => loadProject({ files, cwd, env, projectName: 'corpus' });

function write(name: string, how: (typeof CASES)[number][1], text: string): string[] {
  const file = `${name}.yaml`;
  writeFileSync(path.join(folder, file), text);
  if (how === 'with an override') {
    const [first = ''] = Object.keys(load([file]).services);
    writeFileSync(path.join(folder, `${name}.override.yaml`), OVERRIDE(first));
    return [file, `${name}.override.yaml`];
  }
  if (how === 'alone') return [file];
  writeFileSync(
    path.join(folder, `${name}.printed.yaml`),
    toYaml(composeFile(load([file]), undefined, { normalized: true })),
  );
  return [`${name}.printed.yaml`];
}

/** What a project is, without where it was written. */
const facts = ({ services, networks, volumes, secrets, configs }: Project) => ({
  services,
  networks,
  volumes,
  secrets,
  configs,
});

describe.each(CASES)('%s, %s', (name, how, text) => {
  it('is understood, printed, planned, and done once', () => {
    const project = load(write(name, how, text));
    expect(Object.keys(project.services).length).toBeGreaterThan(0);
    // Printing and reading it again changes nothing.
    const printed = path.join(folder, `${name}.again.yaml`);
    writeFileSync(printed, toYaml(composeFile(project, undefined, { normalized: true })));
    expect(facts(load([printed]))).toEqual(withNulls(facts(project)));
    const first = plan(project, NOTHING);
    expect(first.decisions.containers.every(({ action }) => action === 'create')).toBe(true);
    for (const { needs } of first.operations)
      for (const need of needs) expect(first.operations.some(({ id }) => id === need)).toBe(true);
    const second = plan(project, after(project, first.operations));
    expect(
      [...second.decisions.networks, ...second.decisions.volumes, ...second.decisions.containers].filter(
        ({ action }) => action !== 'keep',
      ),
    ).toEqual([]);
    expect(second.operations).toEqual([]);
  });
});

/** Command and entrypoint are printed also where they are the image's. */
function withNulls<T extends { services: Project['services'] }>(given: T): T {
  const services = Object.entries(given.services).map(([name, service]) => [
    name,
    { command: null, entrypoint: null, ...service },
  ]);
  return { ...given, services: Object.fromEntries(services) };
}

const NOTHING: Observed = { containers: [], networks: new Map(), volumes: new Map(), images: new Map() };

function plan(project: Project, observed: Observed) {
  const decisions = decide(project, observed, {
    style: 'current',
    services: withDependencies(project, [], true),
    named: new Set(),
    recreate: 'changed',
    recreateDependencies: 'changed',
    scale: new Map(),
    removeOrphans: false,
    replaceVolumes: false,
  });
  const operations = planUp(decisions, {
    project,
    observed,
    style: 'current',
    manyNetworks: true,
    renewVolumes: false,
    timeout: undefined,
    start: true,
  });
  return { decisions, operations };
}

/** What an engine shows when these operations are done. */
function after(project: Project, operations: ReturnType<typeof plan>['operations']): Observed {
  const containers: SeenContainer[] = [];
  const networks = new Map(
    Object.values(project.networks)
      .filter(({ external }) => external)
      .map(({ name }) => [name, { id: name, name, labels: {} as Record<string, string> }]),
  );
  const volumes = new Map(
    Object.values(project.volumes)
      .filter(({ external }) => external)
      .map(({ name }) => [name, { name, labels: {} as Record<string, string> }]),
  );
  for (const operation of operations) {
    if (operation.kind === 'create-network')
      networks.set(operation.name, {
        id: operation.name,
        name: operation.name,
        labels: (operation.body as { Labels: Record<string, string> }).Labels,
      });
    if (operation.kind === 'create-volume')
      volumes.set(operation.body.Name ?? '', { name: operation.body.Name ?? '', labels: operation.body.Labels ?? {} });
    if (operation.kind === 'create-container') containers.push(seen(operation.name, operation.body));
  }
  return { containers: containers.sort((a, b) => a.number - b.number), networks, volumes, images: new Map() };
}

function seen(name: string, body: CreateContainerBody): SeenContainer {
  const labels = body.Labels ?? {};
  const service = labels[LABEL.service] ?? '';
  const mounts = (body.HostConfig?.Mounts ?? [])
    .filter(({ Type, Source }) => Type === 'volume' && Source)
    .map(({ Source }) => Source ?? '');
  return {
    id: name,
    name,
    service,
    number: Number(labels[LABEL.number]),
    oneOff: false,
    state: 'running',
    status: 'Up',
    imageId: 'sha256:x',
    hash: labels[LABEL.configHash] ?? '',
    config: JSON.parse(labels[LABEL.config] ?? '{}') as Record<string, never>,
    labels,
    networks: new Map(Object.keys(body.NetworkingConfig?.EndpointsConfig ?? {}).map((network) => [network, network])),
    anonymous: new Map(),
    volumes: new Set(mounts),
    summary: {
      Id: name,
      Names: [name],
      Image: '',
      ImageID: '',
      Command: '',
      Created: 0,
      Ports: [],
      Labels: labels,
      State: 'running',
      Status: 'Up',
    },
  };
}

/** An independent reading of the same files. */
const DEBIAN = '/usr/bin/docker-compose';

describe.skipIf(!existsSync(DEBIAN))("as Debian's docker-compose 1.29.2 reads them", () => {
  it.each(CASES.filter(([name, how]) => how !== 'printed and read again' && !NOT_FOR_OLD.has(name)))(
    '%s, %s',
    (name, how, text) => {
      // It takes what a specification without versions has only with one.
      const files = write(name, how, /^version:/m.test(text) ? text : `version: "3.8"\n${text}`);
      if (how === 'with an override') {
        const version = /^version: *["']?([\d.]+)/m.exec(text)?.[1] ?? '3.8';
        const [first = ''] = Object.keys(load([files[0] ?? '']).services);
        writeFileSync(path.join(folder, files[1] ?? ''), OVERRIDE(first).replace('3.4', version));
      }
      const words = files.flatMap((file) => ['-f', file]);
      const text129 = execFileSync(DEBIAN, ['-p', 'corpus', ...words, 'config'], {
        cwd: folder,
        encoding: 'utf8',
        env: { ...env, PYTHONWARNINGS: 'ignore' },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      const theirs = path.join(folder, `${name}.theirs.yaml`);
      writeFileSync(theirs, text129);
      const [own, other] = [load(files), load([theirs])];
      for (const [service, config] of Object.entries(own.services))
        expect(comparable(containerConfig(own, config)), service).toEqual(
          comparable(containerConfig(other, other.services[service] ?? {})),
        );
      expect(Object.keys(other.services).sort()).toEqual(Object.keys(own.services).sort());
      expect(comparable(facts(own).networks)).toEqual(comparable(facts(other).networks));
    },
  );
});

/** These say something that 1.29 does not know: `${A:+b}`. */
const NOT_FOR_OLD = new Set(['escapes']);

/** Without the order of lists and keys, and what 1.29 leaves to the engine. */
function comparable(value: unknown): unknown {
  if (Array.isArray(value))
    return value.map(comparable).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => key !== 'bind')
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, one]) => [key, comparable(one)]),
  );
}
