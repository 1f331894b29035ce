import { execFileSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { startTestEngine, type TestEngine } from '../../support/engine.ts';
import { busyboxImage, dockerArchive } from '../../support/images.ts';
import { Workload } from './workload.ts';

const KILLS = Number(process.env['BERTH_KILLS'] ?? 200);

interface State {
  Status: string;
  Pid: number;
  ExitCode: number;
  StartedAt: string;
}

test(`${KILLS} times kill -9 of the engine in the middle of work: no container is harmed, nothing is lost or leaked`, {
  timeout: 1_800_000,
}, async () => {
  await using engine = await startTestEngine();
  await load(engine);
  // Not of the range that engines choose from: another test's would take it while this one's is dead.
  const web = await start(
    engine,
    'web',
    ['sh', '-c', 'mkdir /www; echo still here > /www/index.html; exec httpd -f -h /www'],
    {
      PortBindings: { '80/tcp': [{ HostIp: '127.0.0.1', HostPort: String(randomInt(20_000, 30_000)) }] },
    },
  );
  await start(engine, 'counter', ['sh', '-c', 'i=0; while :; do echo $i; i=$((i+1)); usleep 20000; done']);
  await start(engine, 'again', ['sh', '-c', 'usleep 300000; exit 9'], {
    RestartPolicy: { Name: 'always', MaximumRetryCount: 0 },
  });
  const port = await portOf(engine, 'web');
  const watched = new Map(
    await Promise.all(['web', 'counter'].map(async (name) => [name, await stateOf(engine, name)] as const)),
  );
  const workload = new Workload(engine);

  for (let round = 0; round < KILLS; round++) {
    const enders = await startEnders(engine, round);
    const work = workload.run(3);
    await delay(randomInt(120));
    await engine.kill();
    await work;
    expect(await (await fetch(`http://127.0.0.1:${port}/`)).text(), `published port in round ${round}`).toBe(
      'still here\n',
    );
    await engine.start();

    for (const [name, before] of watched) {
      const { Status, Pid, StartedAt } = await stateOf(engine, name);
      expect({ Status, Pid, StartedAt }, `${name} in round ${round}`).toEqual({
        Status: 'running',
        Pid: before.Pid,
        StartedAt: before.StartedAt,
      });
    }
    await expectPromises(engine, workload, round);
    for (const [name, code] of enders) expect(await exitCodeOf(engine, name), `${name} in round ${round}`).toBe(code);
    await removeAll(engine, (name) => !['web', 'counter', 'again'].includes(name));
    workload.promised.clear();
  }

  const again = (await engine.request('GET', '/containers/again/json')).json<{ RestartCount: number; State: State }>();
  expect(again.RestartCount, 'the restart policy went on').toBeGreaterThan(0);
  expect(await missingNumbers(engine, 'counter')).toEqual([]);
  expect(web).toMatch(/^[0-9a-f]{64}$/);
  await removeAll(engine, () => true);
  await expectNothingLeft(engine);
});

test('a planted leak is found', async () => {
  const engine = await startTestEngine();
  const planted = join(engine.execRoot, 'planted');
  mkdirSync(planted);
  execFileSync('mount', ['-t', 'tmpfs', 'planted', planted]);
  await expect(engine.stop()).rejects.toThrow(`mount ${planted}`);
  expect(existsSync(planted)).toBe(false);
});

test('a container of which only the state row is left, and files without a row, are found and taken away at start', async () => {
  await using engine = await startTestEngine();
  await load(engine);
  const id = await start(engine, 'lost', ['sleep', '600']);
  await engine.kill();
  const db = new DatabaseSync(join(engine.dataRoot, 'berth.db'));
  db.prepare('DELETE FROM containers WHERE id = ?').run(id);
  db.close();
  await engine.start();
  await expect.poll(() => existsSync(join(engine.dataRoot, 'containers', id)), { timeout: 5000 }).toBe(false);
  await expectNothingLeft(engine);
});

async function load(engine: TestEngine): Promise<void> {
  const answer = await engine.request('POST', '/images/load', {
    body: dockerArchive([busyboxImage(['busybox:latest'])]),
    headers: { 'Content-Type': 'application/x-tar' },
  });
  expect(answer.status, answer.text).toBe(200);
}

async function start(engine: TestEngine, name: string, command: string[], hostConfig: object = {}): Promise<string> {
  const created = await engine.request('POST', `/containers/create?name=${name}`, {
    body: { Image: 'busybox:latest', Cmd: command, HostConfig: hostConfig },
  });
  expect(created.status, created.text).toBe(201);
  const started = await engine.request('POST', `/containers/${name}/start`);
  expect(started.status, started.text).toBe(204);
  return created.json<{ Id: string }>().Id;
}

/** Containers that end at about the time when the engine is dead: their exit codes must be known afterwards. */
async function startEnders(engine: TestEngine, round: number): Promise<[string, number][]> {
  const enders: [string, number][] = [];
  for (const milliseconds of [60, 160]) {
    const name = `ender-${round}-${milliseconds}`;
    const code = 1 + randomInt(100);
    await start(engine, name, ['sh', '-c', `usleep ${milliseconds * 1000}; exit ${code}`]);
    enders.push([name, code]);
  }
  return enders;
}

async function stateOf(engine: TestEngine, name: string): Promise<State> {
  const answer = await engine.request('GET', `/containers/${name}/json`);
  expect(answer.status, answer.text).toBe(200);
  return answer.json<{ State: State }>().State;
}

async function portOf(engine: TestEngine, name: string): Promise<string> {
  const { NetworkSettings } = (await engine.request('GET', `/containers/${name}/json`)).json<{
    NetworkSettings: { Ports: Record<string, { HostPort: string }[]> };
  }>();
  return NetworkSettings.Ports['80/tcp']![0]!.HostPort;
}

async function exitCodeOf(engine: TestEngine, name: string): Promise<number> {
  return (await engine.request('POST', `/containers/${name}/wait`)).json<{ StatusCode: number }>().StatusCode;
}

async function expectPromises(engine: TestEngine, { promised }: Workload, round: number): Promise<void> {
  for (const [name, { created, started, removed }] of promised) {
    const { status, text } = await engine.request('GET', `/containers/${name}/json`);
    if (removed) expect(status, `${name} was removed before round ${round} ended: ${text}`).toBe(404);
    else if (created) expect(status, `${name} was created before round ${round} ended: ${text}`).toBe(200);
    if (status !== 200 || !started) continue;
    const { State, Path } = JSON.parse(text) as { State: State; Path: string };
    if (Path === 'sleep') expect(State.Status, `${name} in round ${round}`).toBe('running');
    else expect(['running', 'exited'], `${name} in round ${round}`).toContain(State.Status);
    if (State.Status === 'exited')
      expect(State.ExitCode, `exit code of ${name} in round ${round}`).toBe(Path === 'true' ? 0 : 3);
  }
}

async function removeAll(engine: TestEngine, which: (name: string) => boolean): Promise<void> {
  const all = (await engine.request('GET', '/containers/json?all=1')).json<{ Id: string; Names: string[] }[]>();
  await Promise.all(
    all
      .filter(({ Names }) => which(Names[0]!.slice(1)))
      .map(async ({ Id }) => {
        const { status, text } = await engine.request('DELETE', `/containers/${Id}?force=1`);
        expect([204, 404], text).toContain(status); // one with --rm may have removed itself
      }),
  );
}

/** Numbers that a container which counts in its log did not write, or wrote twice. */
async function missingNumbers(engine: TestEngine, name: string): Promise<string[]> {
  const { body } = await engine.request('GET', `/containers/${name}/logs?stdout=1`);
  const lines: string[] = [];
  let text = '';
  for (let at = 0; at < body.length; at += 8 + body.readUInt32BE(at + 4))
    text += body.toString('utf8', at + 8, at + 8 + body.readUInt32BE(at + 4));
  text
    .trimEnd()
    .split('\n')
    .forEach((line, index) => {
      if (line !== String(index)) lines.push(`line ${index} is ${line}`);
    });
  return lines.slice(0, 5);
}

async function expectNothingLeft(engine: TestEngine): Promise<void> {
  const left = () => [
    ...['ns', 'c', 'exits', 'runtime', 'exec', 'ports'].flatMap((dir) => entries(join(engine.execRoot, dir))),
    ...['containers', 'trash'].flatMap((dir) => entries(join(engine.dataRoot, dir))),
  ];
  await expect.poll(left, { timeout: 20_000 }).toEqual([]);
  const db = new DatabaseSync(join(engine.dataRoot, 'berth.db'), { readOnly: true });
  expect(db.prepare('SELECT count(*) AS n FROM containers').get()).toEqual({ n: 0 });
  db.close();
  // Open files of the engine are back to a handful: no namespace, pipe or socket of a container is held.
  expect(readdirSync(`/proc/${engine.pid}/fd`).length).toBeLessThan(80);
  expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(`${engine.execRoot}/c/`);
}

function entries(dir: string): string[] {
  return existsSync(dir) ? readdirSync(dir).map((name) => join(dir, name)) : [];
}
