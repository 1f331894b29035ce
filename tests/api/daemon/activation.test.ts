import { mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Containers, startContainers } from '../../support/containers.ts';
import { engineProgram } from '../../support/daemon.ts';
import { docker, run } from '../../support/docker.ts';

/** What systemd does for a .socket unit: opens sockets, becomes the engine, which has them from descriptor 3 on. */
const ACTIVATE = `
import os, socket, sys
unix = socket.socket(socket.AF_UNIX); unix.bind(sys.argv[1]); unix.listen()
tcp = socket.socket(); tcp.bind((sys.argv[2], 0)); tcp.listen()
os.dup2(unix.fileno(), 40); os.dup2(tcp.fileno(), 41)
os.dup2(40, 3); os.dup2(41, 4); os.close(40); os.close(41)
open(sys.argv[3], 'w').write(str(tcp.getsockname()[1]))
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS='2', LISTEN_FDNAMES='local:net')
os.execvp(sys.argv[4], sys.argv[4:])
`;

let directory: string;
const through = (address: string) => [
  ...['python3', '-c', ACTIVATE],
  ...[join(directory, 'activated.sock'), address, join(directory, 'port')],
];
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'berth-activation-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe('-H fd://', () => {
  let c: Containers;
  beforeAll(async () => {
    c = await startContainers({ args: ['-H', 'fd://'], through: through('127.0.0.1') });
  });
  afterAll(() => c.engine.stop());

  test('serves the sockets that it was handed', async () => {
    const port = (await run('cat', [join(directory, 'port')])).stdout;
    for (const host of [`unix://${directory}/activated.sock`, `tcp://127.0.0.1:${port}`])
      expect((await docker({ host }, ['info', '--format', '{{.LiveRestoreEnabled}}'])).stdout).toBe('true\n');
    expect((await c.ask('GET', '/info')).json<{ Warnings: string[] }>().Warnings).toContainEqual(
      expect.stringMatching(/API is accessible on http:\/\/127\.0\.0\.1:\d+ without encryption/),
    );
  });

  test('and hands them to nothing that it starts', async () => {
    const sockets = (pid: number | string) =>
      readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
        try {
          return readlinkSync(`/proc/${pid}/fd/${fd}`);
        } catch {
          return []; // closed meanwhile
        }
      });
    const own = [3, 4].map((fd) => readlinkSync(`/proc/${c.engine.pid}/fd/${fd}`));
    expect(own.every((link) => link.startsWith('socket:'))).toBe(true);
    const id = await c.create(['sleep', '600']);
    await c.start(id);
    const { Pid } = (await c.inspect(id)).State;
    const monitor = /^PPid:\s+(\d+)/m.exec((await run('cat', [`/proc/${Pid}/status`])).stdout)?.[1] ?? '';
    for (const pid of [Pid, monitor]) for (const link of own) expect(sockets(pid)).not.toContain(link);
  });
});

test('without sockets fd:// is refused, and so are sockets that are open to everybody', async () => {
  const none = await engineProgram(
    '--config-file',
    '/dev/null',
    '-H',
    'fd://',
    '--data-root',
    `${directory}/d`,
    '--exec-root',
    `${directory}/e`,
  );
  expect([none.code, none.stderr]).toEqual([1, expect.stringContaining('no service manager has handed a socket')]);
  rmSync(join(directory, 'activated.sock'), { force: true });
  await expect(startContainers({ args: ['-H', 'fd://net'], through: through('0.0.0.0') })).rejects.toThrow(
    /refusing to listen on tcp:\/\/0\.0\.0\.0:\d+: without TLS/,
  );
  rmSync(join(directory, 'activated.sock'), { force: true });
  await expect(startContainers({ args: ['-H', 'fd://other'], through: through('127.0.0.1') })).rejects.toThrow(
    /no socket of that name was handed over/,
  );
});
