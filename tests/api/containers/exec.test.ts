import { createHash, randomBytes } from 'node:crypto';
import { readdirSync, readlinkSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Containers, eventually, startContainers } from '../../support/containers.ts';
import { unframe } from '../../support/hijack.ts';

const MIB = 1024 * 1024;
let c: Containers;
const hosts: Record<string, string> = {};
beforeAll(async () => {
  c = await startContainers();
  for (const Runtime of ['crun', 'runc'])
    hosts[Runtime] = await c.begin(['sleep', '600'], {
      Env: ['FROM=container', 'PATH=/bin'],
      WorkingDir: '/tmp',
      HostConfig: { Runtime },
    });
});
afterAll(() => c.engine.stop());

const sha256 = (data: Buffer) => createHash('sha256').update(data).digest('hex');

describe.each(['crun', 'runc'])('exec by %s', (runtime) => {
  const id = () => hosts[runtime]!;

  test('has the namespaces, user, directory and environment of its container, unless told otherwise', async () => {
    const plain = await c.exec(id(), ['sh', '-c', 'pwd; id -u; echo $FROM $HOME; readlink /proc/self/ns/pid']);
    const { Pid } = (await c.inspect(id())).State;
    expect(plain.stdout).toBe(`/tmp\n0\ncontainer /root\n${readlinkSync(`/proc/${Pid}/ns/pid`)}\n`);
    const told = await c.exec(id(), ['sh', '-c', 'pwd; id -u; id -g; echo $FROM $MORE'], {
      User: 'nobody',
      WorkingDir: '/bin',
      Env: ['FROM=exec', 'MORE=1'],
    });
    expect(told.stdout).toBe('/bin\n65534\n65534\nexec 1\n');
  });

  test.each([0, 1, 42, 125, 126, 127, 255])('exit code %i', async (code) => {
    expect((await c.exec(id(), ['sh', '-c', `exit ${code}`])).code).toBe(code);
  });

  test('killed by a signal: 128 and its number', async () => {
    expect((await c.exec(id(), ['sh', '-c', 'kill -9 $$'])).code).toBe(137);
    expect((await c.exec(id(), ['sh', '-c', 'kill -15 $$'])).code).toBe(143);
  });

  test.each([
    [['nope'], 127, 'exec: "nope": executable file not found in $PATH'],
    [['/no/such/path'], 127, 'exec: "/no/such/path": stat /no/such/path: no such file or directory'],
    [['/etc/passwd'], 126, 'exec: "/etc/passwd": permission denied'],
    [['/bin'], 126, 'exec: "/bin": '],
  ])('%j cannot be run', async (cmd, code, sentence) => {
    for (const Tty of [false, true]) {
      const outcome = await c.exec(id(), cmd, { Tty });
      expect(outcome.stdout).toContain(
        `OCI runtime exec failed: exec failed: unable to start container process: ${sentence}`,
      );
      expect(outcome.stdout.trimEnd()).toMatch(/: unknown$/);
      expect([outcome.code, outcome.stderr]).toEqual([code, '']);
    }
    const exec = await c.execCreate(id(), cmd);
    const refused = await c.refusal('POST', `/exec/${exec}/start`, { Detach: true });
    expect(refused).toContain(sentence);
    await eventually(async () => expect(await c.execInspect(exec)).toMatchObject({ Running: false, ExitCode: code }));
  });

  test('an unknown user', async () => {
    const { code, stdout } = await c.exec(id(), ['true'], { User: 'nobody-knows' });
    expect([code, stdout.trimEnd()]).toEqual([
      126,
      'unable to find user nobody-knows: no matching entries in passwd file',
    ]);
    const exec = await c.execCreate(id(), ['true'], { User: 'nobody-knows' });
    expect(await c.refusal('POST', `/exec/${exec}/start`, { Detach: true })).toMatch(/^\d+ unable to find user/);
    expect(await c.execInspect(exec)).toMatchObject({ Running: false, ExitCode: 126 });
  });

  test('passes 16 MiB through cat byte for byte, stdin ends with the half of the connection', async () => {
    const data = randomBytes(16 * MIB);
    const stream = await c.execStart(await c.execCreate(id(), ['cat'], { AttachStdin: true }));
    await stream.write(data);
    stream.end();
    const { stdout } = unframe(await stream.ended);
    expect([stdout.length, sha256(stdout)]).toEqual([data.length, sha256(data)]);
    stream.destroy();
  });

  test('with a terminal: raw bytes, its size, ctrl-c', async () => {
    const exec = await c.execCreate(
      id(),
      ['sh', '-c', 'stty size; trap "stty size; exit 7" WINCH; echo ready; while :; do sleep 0.02; done'],
      {
        Tty: true,
        AttachStdin: true,
        ConsoleSize: [31, 101],
      },
    );
    const stream = await c.execStart(exec, { Tty: true });
    expect(stream.head).toContain('application/vnd.docker.raw-stream');
    await stream.until('ready');
    await c.ask('POST', `/exec/${exec}/resize?h=41&w=121`);
    expect((await stream.ended).toString()).toBe('31 101\r\nready\r\n41 121\r\n');
    expect(await c.execCode(exec)).toBe(7);
    stream.destroy();
    const second = await c.execCreate(id(), ['sleep', '600'], { Tty: true, AttachStdin: true });
    const typing = await c.execStart(second, { Tty: true });
    await eventually(async () => expect((await c.execInspect(second)).Pid).toBeGreaterThan(0));
    await eventually(async () =>
      expect(readlinkSync(`/proc/${(await c.execInspect(second)).Pid}/exe`)).toContain('busybox'),
    );
    await typing.write(Buffer.from([3]));
    await typing.ended;
    expect(await c.execCode(second)).toBe(130);
    typing.destroy();
  });

  test('a program that does not read what is typed holds nobody else up', async () => {
    const exec = await c.execCreate(id(), ['sh', '-c', 'stty raw -echo; echo ready; sleep 608'], {
      Tty: true,
      AttachStdin: true,
    });
    const stream = await c.execStart(exec, { Tty: true });
    await stream.until('ready');
    void stream.write(Buffer.alloc(4 * MIB, 'x')).catch(() => {});
    await new Promise((next) => setTimeout(next, 100));
    expect((await c.exec(id(), ['echo', 'alive'])).stdout).toBe('alive\n');
    stream.destroy();
  });

  test('short programs at a terminal lose nothing', async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 12 }, (_, n) => c.exec(id(), ['echo', `output ${n}`], { Tty: true })),
    );
    // runc in the foreground tells the program's terminal late to leave the ends of lines to the other one: what is written
    // before has them twice.
    const said = outcomes.map(({ stdout, code }) => [runtime === 'runc' ? stdout.replace(/\r+/, '\r') : stdout, code]);
    expect(said).toEqual(outcomes.map((_, n) => [`output ${n}\r\n`, 0]));
  });

  test('20 at once', async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, (_, n) => c.exec(id(), ['sh', '-c', `echo out ${n}; echo err ${n} >&2; exit ${n}`])),
    );
    expect(outcomes.map(({ stdout, stderr, code }) => [stdout, stderr, code])).toEqual(
      outcomes.map((_, n) => [`out ${n}\n`, `err ${n}\n`, n]),
    );
  });

  test('detached: goes on by itself, its exit code is kept', async () => {
    const exec = await c.execCreate(id(), ['sh', '-c', 'until [ -e /tmp/go ]; do sleep 0.02; done; exit 5']);
    await c.ask('POST', `/exec/${exec}/start`, { Detach: true });
    expect(await c.execInspect(exec)).toMatchObject({ Running: true, ExitCode: null });
    expect((await c.execInspect(exec)).Pid).toBeGreaterThan(0);
    await c.exec(id(), ['touch', '/tmp/go']);
    await eventually(async () => expect(await c.execInspect(exec)).toMatchObject({ Running: false, ExitCode: 5 }));
    await c.exec(id(), ['rm', '/tmp/go']);
    expect(await c.refusal('POST', `/exec/${exec}/start`, { Detach: true })).toMatch(/^409 /);
  });

  test('a client that breaks off ends the stdin of its program', async () => {
    const exec = await c.execCreate(id(), ['cat'], { AttachStdin: true });
    const stream = await c.execStart(exec);
    await stream.write('x');
    await stream.until('x');
    stream.destroy();
    await eventually(async () => expect(await c.execInspect(exec)).toMatchObject({ Running: false, ExitCode: 0 }));
  });

  test('is left by the detach keys, and goes on', async () => {
    const exec = await c.execCreate(id(), ['sh', '-c', 'echo ready; sleep 606'], {
      Tty: true,
      AttachStdin: true,
      DetachKeys: 'ctrl-x,x',
    });
    const stream = await c.execStart(exec, { Tty: true });
    await stream.until('ready');
    await stream.write(Buffer.from([24, 120]));
    await stream.ended;
    expect(await c.execInspect(exec)).toMatchObject({ Running: true });
    stream.destroy();
  });
});

// runc stays until nothing has the output open any more: only crun, the default, can be held to this.
test('what is left in the background does not hold the client up', async () => {
  const begun = performance.now();
  const { stdout, code } = await c.exec(hosts['crun']!, ['sh', '-c', 'sleep 605 & echo here; exit 3']);
  expect([stdout, code]).toEqual(['here\n', 3]);
  expect(performance.now() - begun).toBeLessThan(3000);
  expect((await c.ask('GET', `/containers/${hosts['crun']!}/top`)).text).toContain('sleep 605');
});

test('is refused where nothing runs, and ends with its container', async () => {
  const id = await c.begin(['sleep', '600']);
  const exec = await c.execCreate(id, ['sleep', '607']);
  const late = await c.execCreate(id, ['true']);
  const stream = await c.execStart(exec);
  await eventually(async () => expect((await c.ask('GET', `/containers/${id}/top`)).text).toContain('sleep 607'));
  await c.ask('POST', `/containers/${id}/kill`);
  await stream.ended;
  expect(await c.execCode(exec)).toBe(137);
  stream.destroy();
  expect(await c.refusal('POST', `/containers/${id}/exec`, { Cmd: ['true'] })).toBe(
    `409 container ${id} is not running`,
  );
  expect(await c.refusal('POST', `/exec/${late}/start`, { Detach: true })).toBe(`409 container ${id} is not running`);
  expect(await c.refusal('GET', `/exec/${'0'.repeat(64)}/json`)).toBe(`404 No such exec instance: ${'0'.repeat(64)}`);
  await c.remove(id);
  expect(await c.refusal('GET', `/exec/${exec}/json`)).toMatch(/^404 /);
});

test('leaves no descriptors and says nothing of failures', async () => {
  const descriptors = () => readdirSync(`/proc/${c.engine.pid}/fd`).length;
  const id = await c.begin(['sleep', '600']);
  const round = async () => {
    await c.exec(id, ['true']);
    await c.exec(id, ['true'], { Tty: true });
    await c.exec(id, ['nope']);
    await c.exec(id, ['nope'], { Tty: true });
  };
  await round();
  await new Promise((next) => setTimeout(next, 100));
  const before = descriptors();
  for (let n = 0; n < 5; n++) await round();
  await eventually(() => expect(descriptors()).toBeLessThanOrEqual(before + 1)); // one runtime may stand ready
  expect(c.engine.output()).not.toMatch(/was not handled|reason of our own|level=error|MaxListeners/);
});
