// ATTACK CLASSES: CVE-2021-41091, CVE-2021-41103, CVE-2024-25621 (directories that users of the host can walk through),
// CVE-2021-41089, CVE-2021-32760 (modes of existing files; see ../images/unpack-hostile.test.ts for the archives).
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { busyboxImage } from '../../support/images.ts';
import { Arena } from './arena.ts';

const NOBODY = 65534;
let arena: Arena;
let id: string;
beforeAll(async () => {
  arena = await Arena.open();
  // As the roots of an engine are in use: below directories that everybody may walk through.
  chmodSync(arena.engine.root, 0o755);
  const files = [
    { path: 'setuid', content: '#!/bin/busybox sh\n', mode: 0o4755 },
    { path: 'open', mode: 0o777 },
    { path: 'open/secret', content: 'secret', mode: 0o666 },
  ];
  await arena.load(busyboxImage(['setuid:1'], { files, config: { Volumes: { '/open': {} } } }));
  id = await arena.up({
    Image: 'setuid:1',
    Cmd: ['sh', '-c', 'echo logged; cp /bin/busybox /own; chmod 4755 /own; sleep 1000'],
  });
  await vi.waitFor(async () => expect((await arena.exec(id, { Cmd: ['ls', '/own'] })).exitCode).toBe(0));
});
afterAll(() => arena.close());

/** What a user of the host can do with a path, by asking the kernel as that user. */
function asNobody(...command: string[]): { code: number; output: string } {
  const done = spawnSync('setpriv', [`--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups', ...command], {
    encoding: 'utf8',
  });
  return { code: done.status ?? -1, output: done.stdout + done.stderr };
}

describe.each([['as created'], ['after a restart of the engine'], ['after a restart of the container']])(
  '%s',
  (when) => {
    beforeAll(async () => {
      if (when === 'after a restart of the engine') {
        await arena.engine.kill();
        await arena.engine.start();
      }
      if (when === 'after a restart of the container') {
        expect((await arena.engine.request('POST', `/containers/${id}/restart?t=0`)).status).toBe(204);
      }
    });

    test('a user of the host cannot see or run what images and containers hold', () => {
      const { dataRoot, execRoot } = arena.engine;
      const layer = readdirSync(join(dataRoot, 'l')).find((name) => existsSync(join(dataRoot, 'l', name, 'setuid')));
      const paths = [
        join(dataRoot, 'l', layer!, 'setuid'),
        join(dataRoot, 'l', layer!, 'open/secret'),
        join(dataRoot, 'containers', id, 'upper/own'),
        join(dataRoot, 'containers', id, 'log/container.log'),
        join(dataRoot, 'containers', id, 'hosts'),
        join(dataRoot, 'volumes', readdirSync(join(dataRoot, 'volumes'))[0]!, '_data/secret'),
        join(dataRoot, 'berth.db'),
        join(execRoot, 'c', id, 'rootfs/setuid'),
        join(execRoot, 'c', id, 'rootfs/own'),
        join(execRoot, 'c', id, 'config.json'),
      ];
      for (const path of paths) {
        expect(lstatSync(path).isFile(), path).toBe(true);
        expect(asNobody('cat', path).code, path).not.toBe(0);
        expect(asNobody('sh', '-c', 'exec "$0"', path).output, path).toMatch(/Permission denied/);
        expect(asNobody('stat', path).code, path).not.toBe(0);
      }
      expect(asNobody('true').code).toBe(0);
    });

    test('a user of the host finds nothing below the roots but the way to the socket', () => {
      const { dataRoot, execRoot, socket } = arena.engine;
      const found = asNobody('find', dataRoot, execRoot).output.split('\n');
      const seen = found.filter((line) => line.startsWith('/')).sort();
      const direct = readdirSync(execRoot).map((name) => join(execRoot, name));
      expect(seen.filter((path) => ![dataRoot, execRoot, socket, ...direct].includes(path))).toEqual([]);
      for (const name of readdirSync(execRoot)) {
        const { mode } = lstatSync(join(execRoot, name));
        if (lstatSync(join(execRoot, name)).isDirectory()) expect(mode & 0o077, name).toBe(0);
        else expect(mode & 0o022 & ~0o020, name).toBe(0);
      }
      expect(lstatSync(dataRoot).mode & 0o077).toBe(0);
      expect(lstatSync(socket).mode & 0o007).toBe(0);
    });
  },
);
