// ATTACK CLASSES: CVE-2025-9566 and relatives (files that the engine writes again are links by then), CVE-2019-5736 (the
// engine's own programs are written to from inside).

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { busyboxFiles, busyboxImage } from '../../support/images.ts';
import { Arena } from './arena.ts';

let arena: Arena;
beforeAll(async () => {
  arena = await Arena.open();
});
afterEach(() => arena.expectUntouched());
afterAll(() => arena.close());

const FILES = ['hosts', 'hostname', 'resolv.conf'];

describe.each(['crun', 'runc'])('%s', (Runtime) => {
  const restart = (id: string) => arena.engine.request('POST', `/containers/${id}/restart?t=0`);
  const home = (id: string) => join(arena.engine.dataRoot, 'containers', id);

  // /etc cannot be removed while files are mounted in it, but it can be renamed where it is the container's own.
  const plant = (link: string, target: string) =>
    `mv /etc /before; mkdir /etc; for f in ${FILES.join(' ')}; do ${link} ${target} /etc/$f; done`;

  test.each<[string, () => string]>([
    ['links to a file of the host', () => plant('ln -s', `${arena.canary}/file`)],
    ['links to a directory of the host', () => plant('ln -s', arena.canary)],
    ['links upwards', () => plant('ln -s', `${'../'.repeat(20)}${arena.canary.slice(1)}/file`)],
    ['magic links', () => plant('ln -s', `/proc/self/root${arena.canary}/file`)],
    ['links to the engine’s own rows', () => plant('ln -s', `${arena.engine.dataRoot}/berth.db`)],
    ['links into procfs', () => plant('ln -s', '/proc/sys/kernel/core_pattern')],
    ['FIFOs', () => plant('mkfifo', '')],
    ['directories', () => plant('mkdir', '')],
    ['a link instead of /etc', () => `mv /etc /before; ln -s ${arena.canary} /etc`],
    ['nothing', () => 'mv /etc /before'],
  ])('%s where the engine’s files are mounted', async (_what, script) => {
    const pattern = readFileSync('/proc/sys/kernel/core_pattern', 'utf8');
    const files = busyboxFiles().filter(({ path }) => !path.startsWith('etc'));
    await arena.load({ ...busyboxImage(['bare:1']), files });
    const id = await arena.up({ Image: 'bare:1', HostConfig: { Runtime } });
    const prepared = await arena.exec(id, { Cmd: ['sh', '-c', script()] });
    expect(prepared, script()).toMatchObject({ exitCode: 0 });
    const answer = await restart(id);
    expect([204, 400], answer.text).toContain(answer.status);
    for (const name of FILES) {
      const stat = lstatSync(join(home(id), name));
      expect([stat.isFile(), stat.nlink, stat.uid], name).toEqual([true, 1, 0]);
    }
    expect(readFileSync('/proc/sys/kernel/core_pattern', 'utf8')).toBe(pattern);
    expect(readFileSync(join(arena.engine.dataRoot, 'berth.db')).subarray(0, 15).toString()).toBe('SQLite format 3');
    await arena.remove(id);
  });

  test('what a container writes into its own is gone after a restart, and stays its own', async () => {
    const id = await arena.up({ HostConfig: { Runtime } });
    const neighbour = await arena.up({ HostConfig: { Runtime } });
    const read = async (container: string) => (await arena.exec(container, { Cmd: ['cat', '/etc/hosts'] })).output;
    const before = await read(id);
    expect(before).toContain('localhost');
    await arena.exec(id, { Cmd: ['sh', '-c', 'echo 6.6.6.6 localhost > /etc/hosts; echo evil > /etc/hostname'] });
    expect(await read(id)).toBe('6.6.6.6 localhost\n');
    expect(await read(neighbour)).not.toContain('6.6.6.6');
    expect((await restart(id)).status).toBe(204);
    expect(await read(id)).not.toContain('6.6.6.6');
    await arena.remove(id);
    await arena.remove(neighbour);
  });

  test('the programs of the host that a container runs through cannot be written', async () => {
    const programs = ['crun', 'runc', 'conmon'].map((name) =>
      realpathSync(execFileSync('which', [name], { encoding: 'utf8' }).trim()),
    );
    const hashes = () => programs.map((path) => createHash('sha256').update(readFileSync(path)).digest('hex'));
    const before = hashes();
    const tools = busyboxImage(['selfexec:1'], {
      files: [
        { path: 'bin/self', content: '#!/proc/self/exe\n', mode: 0o755 },
        { path: 'bin/linked', link: '/proc/self/exe' },
      ],
    });
    await arena.load(tools);
    // A writer that waits for the runtime to come in, and tries whatever it finds.
    const hunt =
      'while :; do for p in /proc/[0-9]*; do [ $p = /proc/1 ] || { echo x >> $p/exe; for f in $p/fd/*; do [ -d $f ] && ls $f; done; }; done; done 2>/dev/null | grep -v "^[0-9]*$"';
    const id = await arena.up({ Image: 'selfexec:1', Cmd: ['sh', '-c', hunt], HostConfig: { Runtime } });
    for (let n = 0; n < 10; n++) {
      for (const program of ['/bin/self', '/bin/linked', '/proc/self/exe']) {
        await arena.exec(id, { Cmd: [program] });
      }
      expect((await arena.exec(id, { Cmd: ['echo', 'fine'] })).output).toBe('fine\n');
    }
    const logs = await arena.engine.request('GET', `/containers/${id}/logs?stdout=1&stderr=1`);
    expect(logs.text, 'no directory of the host was seen').toBe('');
    expect(hashes()).toEqual(before);
    await arena.remove(id);
    for (const program of ['/bin/self', '/bin/linked', '/proc/self/exe']) {
      await arena.run({ Image: 'selfexec:1', Cmd: [program], HostConfig: { Runtime } });
    }
    expect(hashes()).toEqual(before);
  });
});

test('nothing is left beside the containers', () => {
  expect(readdirSync(join(arena.engine.dataRoot, 'containers'))).toEqual([]);
});
