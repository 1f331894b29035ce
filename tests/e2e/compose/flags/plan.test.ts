import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ComposeBench, composeBench } from '../../../support/compose-bench.ts';

const SLEEPS = 'image: busybox, command: sleep 1000, stop_grace_period: 0s';
const FILE = `services:
  db: {${SLEEPS}, volumes: [/anonymous, "data:/data"]}
  app: {${SLEEPS}, depends_on: [db]}
  gone: {${SLEEPS}}
volumes: {data: }
`;
/** What is up, with other labels of a volume, another variable of `app`, and a service less. */
const EDITED = `services:
  db: {${SLEEPS}, volumes: [/anonymous, "data:/data"]}
  app: {${SLEEPS}, depends_on: [db], environment: {A: b}}
volumes: {data: {labels: {a: b}}}
`;

interface Plan {
  entries: { kind: string; name: string; action: string }[];
  operations: { kind: string; subject: string; timeout?: number }[];
}

let bench: ComposeBench;
const call = (...words: string[]) => bench.here(...words);
const ok = async (...words: string[]) => (await bench.ok(...words)).stdout;
const plan = async (...words: string[]) => JSON.parse(await ok('plan', '--format', 'json', ...words)) as Plan;
/** What is done, without what stays: `container planned-app-1: replace`. */
const changes = async (...words: string[]) =>
  (await plan(...words)).entries
    .filter(({ action }) => action !== 'keep')
    .map(({ kind, name, action }) => `${kind} ${name}: ${action}`)
    .sort();

beforeAll(async () => {
  bench = await composeBench('planned', { 'compose.yaml': FILE });
  await ok('up', '-d');
});
afterAll(() => bench[Symbol.asyncDispose]());

describe('what stays as it is', () => {
  it.each<[string, string[], string[]]>([
    ['plan: nothing', [], []],
    [
      'plan --force-recreate: all of it anew',
      ['--force-recreate'],
      ['app-1: replace', 'db-1: replace', 'gone-1: replace'],
    ],
    ['plan --always-recreate-deps: what it depends on anew', ['--always-recreate-deps', 'app'], ['db-1: replace']],
    ['plan --scale: more of a service', ['--scale', 'app=3'], ['app-2: create', 'app-3: create']],
  ])('%s', async (_, flags, shows) => {
    expect(await changes(...flags)).toEqual(shows.map((text) => `container planned-${text}`));
  });

  it('plan --renew-anon-volumes: says which', async () => {
    const says = '± replace container planned-db-1\n';
    const note = 'the volume without a name at /anonymous is made anew as well';
    expect(await ok('plan', '--force-recreate')).toContain(says);
    expect(await ok('plan', '--force-recreate')).not.toContain(note);
    expect(await ok('plan', '--force-recreate', '--renew-anon-volumes')).toContain(
      `${says}            it was asked for\n            ${note}\n`,
    );
  });

  it('plan --operations: the calls, each with what it waits for', async () => {
    expect(await ok('plan', '--force-recreate', 'gone')).not.toContain('Calls of the engine:');
    const text = await ok('plan', '--force-recreate', '--operations', 'gone');
    expect(text).toMatch(/Calls of the engine:\n[\s\S]* {2}stop-container \S+ within 0 s {2}after \S+\n/);
  });

  it('plan --timeout: of each stop', async () => {
    const stops = async (...words: string[]) =>
      (await plan('--force-recreate', '--no-deps', ...words, 'app')).operations
        .filter(({ kind }) => kind === 'stop-container')
        .map(({ timeout }) => timeout);
    expect(await stops()).toEqual([0]);
    expect(await stops('--timeout', '7')).toEqual([7]);
    expect(await ok('plan', '--force-recreate', '-t', '7', '--operations', 'app')).toMatch(
      /stop-container \S+ within 7 s/,
    );
  });

  it('plan --format: no other than text and json', async () => {
    expect(await ok('plan')).toContain('Nothing to do: what is there is what is wished.\n');
    expect(await call('plan', '--format', 'xml')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('unsupported format "xml"; accepted are text and json'),
    });
  });
});

describe('what was edited', () => {
  beforeAll(() => bench.project.write('compose.yaml', EDITED));

  const APP = 'container planned-app-1: replace';
  const GONE = 'orphan planned-gone-1: remove';
  it.each<[string, string[], string[]]>([
    ['plan: anew', [], [APP]],
    ['plan --no-recreate: left', ['--no-recreate'], []],
    ['plan --remove-orphans: what is gone from the file', ['--remove-orphans'], [APP, GONE]],
    [
      'plan --yes: a volume is made anew, with what uses it',
      ['--yes'],
      [APP, 'container planned-db-1: replace', 'volume planned_data: replace'],
    ],
  ])('%s', async (_, flags, shows) => {
    expect(await changes(...flags)).toEqual(shows);
  });
});

describe('what is not there', () => {
  beforeAll(() => ok('down', '-v', '-t', '0', '--remove-orphans'));

  it('plan --no-deps: without what it depends on', async () => {
    const made = ['container planned-app-1: create', 'network planned_default: create'];
    expect(await changes('--no-deps', 'app')).toEqual(made);
    expect(await changes('app')).toEqual(expect.arrayContaining([...made, 'container planned-db-1: create']));
  });

  it('plan --no-start: containers are made and not started', async () => {
    const kinds = async (...words: string[]) => (await plan(...words)).operations.map(({ kind }) => kind);
    expect(await kinds()).toContain('start-container');
    const without = await kinds('--no-start');
    expect(without).toContain('create-container');
    expect(without).not.toContain('start-container');
  });
});
