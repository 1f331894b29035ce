import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Containers, eventually, startContainers, type Wish } from '../../support/containers.ts';
import { busyboxImage } from '../../support/images.ts';
import { open } from '../../support/request.ts';

let c: Containers;
beforeAll(async () => {
  c = await startContainers({
    images: [
      busyboxImage(['odd:files'], {
        files: [
          { path: 'plain', content: 'no program\n', mode: 0o644 },
          { path: 'garbage', content: 'neither ELF nor script', mode: 0o755 },
          { path: 'script', content: '#!/no/interpreter\n', mode: 0o755 },
        ],
      }),
    ],
  });
});
afterAll(() => c.engine.stop());

const PREFIX = 'failed to create task for container: failed to create shim task: OCI runtime create failed: ';

/** What cannot start, what is said of it, the exit code. */
const CASES: [string, Wish, RegExp, number][] = [
  ['a program that is not there', { Cmd: ['nope'] }, /exec: "nope": executable file not found in \$PATH/, 127],
  [
    'a path that is not there',
    { Cmd: ['/no/such/path'] },
    /exec: "\/no\/such\/path": (stat \/no\/such\/path: )?no such file or directory/,
    127,
  ],
  ['a file that is no program', { Image: 'odd:files', Cmd: ['/plain'] }, /exec: "\/plain": permission denied/, 126],
  ['a directory', { Cmd: ['/bin'] }, /exec: "\/bin": .*(is a directory|permission denied)/, 126],
  [
    'an unknown user',
    { Cmd: ['true'], User: 'nobody-knows' },
    /unable to find user nobody-knows: no matching entries in passwd file/,
    128,
  ],
  [
    'an unknown group',
    { Cmd: ['true'], HostConfig: { GroupAdd: ['nogroupknows'] } },
    /nable to find group nogroupknows/,
    128,
  ],
];

describe.each(['crun', 'runc'])('a start that fails with %s', (Runtime) => {
  test.concurrent.each(CASES)('%s', async (_, wish, sentence, code) => {
    const body = { ...wish, HostConfig: { ...wish.HostConfig, Runtime } };
    const id = await c.create(null, body);
    const refused = await c.refusal('POST', `/containers/${id}/start`);
    expect(refused).toMatch(sentence);
    expect(refused.startsWith(`400 ${PREFIX}`), refused).toBe(code !== 128);
    expect((await c.inspect(id)).State).toMatchObject({ Status: 'created', ExitCode: code, Running: false, Pid: 0 });
    expect((await c.inspect(id)).State.Error).toMatch(sentence);
    // With --rm it removes itself, and whoever waits for that is told.
    const removing = await c.create(null, { ...body, HostConfig: { ...body.HostConfig, AutoRemove: true } });
    const waiting = await open(
      { socketPath: c.engine.socket },
      'POST',
      `/containers/${removing}/wait?condition=removed`,
    );
    await c.refusal('POST', `/containers/${removing}/start`);
    expect(JSON.parse(Buffer.concat(await waiting.toArray()).toString())).toEqual({ StatusCode: code });
    expect((await c.engine.request('GET', `/containers/${removing}/json`)).status).toBe(404);
  });

  test('leaves nothing, and the next start works when its cause is gone', async () => {
    const id = await c.create([`/tmp/late-${Runtime}`], { HostConfig: { Runtime, Binds: [`${c.engine.root}:/tmp`] } });
    await c.refusal('POST', `/containers/${id}/start`);
    expect(readdirSync(join(c.engine.execRoot, 'c'))).not.toContain(id);
    expect(existsSync(join(c.engine.execRoot, 'runtime', id))).toBe(false);
    expect(existsSync(join(c.engine.execRoot, 'ns', id))).toBe(false);
    writeFileSync(join(c.engine.root, `late-${Runtime}`), '#!/bin/sh\nexit 0\n', { mode: 0o755 });
    await c.start(id);
    expect(await c.wait(id)).toBe(0);
    expect((await c.inspect(id)).State).toMatchObject({ Status: 'exited', Error: '' });
  });
});

test('runtimes that nobody knows are refused at create', async () => {
  expect(
    await c.refusal('POST', '/containers/create', { Image: 'busybox:test', HostConfig: { Runtime: 'kata' } }),
  ).toMatch(/^400 unknown or invalid runtime name: kata/);
});

test('a monitor that is killed: the end is told, the code is not known, nothing is left', async () => {
  const id = await c.begin(['sleep', '600']);
  const { Pid } = (await c.inspect(id)).State;
  const monitor = readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .find((entry) => {
      try {
        const command = readCommand(entry);
        return command.includes('conmon') && command.includes(id);
      } catch {
        return false;
      }
    });
  process.kill(Number(monitor), 'SIGKILL');
  await eventually(async () => expect((await c.inspect(id)).State).toMatchObject({ Status: 'exited', ExitCode: 255 }));
  await eventually(async () => expect(existsSync(`/proc/${Pid}/root/bin`)).toBe(false)); // ends right after it is told
});

function readCommand(pid: string): string {
  return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
}

describe('many at once', () => {
  test('20 containers start, answer and end', async () => {
    const ids = await Promise.all(Array.from({ length: 20 }, (_, n) => c.create(['sh', '-c', `echo ${n}; exit ${n}`])));
    await Promise.all(ids.map((id) => c.start(id)));
    expect(await Promise.all(ids.map((id) => c.wait(id)))).toEqual(ids.map((_, n) => n));
    expect(await Promise.all(ids.map(async (id) => (await c.logs(id)).stdout))).toEqual(ids.map((_, n) => `${n}\n`));
    await Promise.all(ids.map((id) => c.remove(id)));
  });

  test('requests to one container at once are done one after the other', async () => {
    const id = await c.create(['sleep', '600']);
    const answers = await Promise.all(
      ['start', 'start', 'pause', 'unpause', 'restart?t=0', 'stop?t=0', 'start', 'kill', 'start', 'restart?t=0'].map(
        (verb) => c.engine.request('POST', `/containers/${id}/${verb}`),
      ),
    );
    for (const { status, text } of answers) expect([204, 304, 409], text).toContain(status);
    const { Running, Status } = (await c.inspect(id)).State;
    expect(Status).toBe(Running ? 'running' : 'exited');
    await c.remove(id);
  });
});

test('the engine said nothing of failures of its own', () => {
  expect(c.engine.output()).not.toMatch(/was not handled|reason of our own|level=error/);
});
