// ATTACK CLASSES: CVE-2022-24769, CVE-2022-29162, CVE-2022-27649, CVE-2022-27651 (inheritable capabilities),
// CVE-2018-10856 (capabilities of other users), CVE-2022-36109, CVE-2022-2990, CVE-2023-25173 (the primary group is
// missing), CVE-2024-40635, CVE-2026-46680, CVE-2026-47262 (numbers that wrap, files without bounds).

import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { busyboxFiles, type ImageRecipe } from '../../support/images.ts';
import { Arena, type Outcome } from './arena.ts';

const PASSWD = [
  'root:x:0:0:root:/root:/bin/sh',
  'daemon:x:1:1::/:/bin/false',
  'app:x:1000:1000:app:/home:/bin/sh',
  '2000:x:0:0:a user whose name is a number:/root:/bin/sh',
  '0x7d1:x:0:0:a hexadecimal name:/root:/bin/sh',
  'wrap:x:4294967296:0::/:/bin/sh',
  'minus:x:-1:-1::/:/bin/sh',
  'high:x:4294967295:4294967295::/:/bin/sh',
  'empty:x:::::',
].join('\n');
const GROUP = [
  'root:x:0:',
  'app:x:1000:',
  'wheel:x:10:app',
  'audio:x:29:app,daemon',
  '3000:x:0:',
  'wrap:x:4294967296:app',
].join('\n');

const image = (tag: string, passwd = PASSWD, group = GROUP): ImageRecipe => ({
  tags: [tag],
  files: [
    ...busyboxFiles().filter(({ path }) => !['etc/passwd', 'etc/group'].includes(path)),
    { path: 'etc/passwd', content: `${passwd}\n` },
    { path: 'etc/group', content: `${group}\n` },
  ],
  config: { Cmd: ['sh'], Env: ['PATH=/bin'] },
});

let arena: Arena;
beforeAll(async () => {
  arena = await Arena.open();
  await arena.load(image('users:1'));
});
afterAll(() => arena.close());

describe.each(['crun', 'runc'])('%s', (Runtime) => {
  /** In a container of that user, and in one by exec, which must be the same. */
  const asUser = async (User: string, Cmd: string[], more: object = {}): Promise<[Outcome, Outcome]> => {
    const HostConfig = { Runtime, ...more };
    const run = await arena.run({ Image: 'users:1', User, Cmd, HostConfig });
    const id = await arena.up({ Image: 'users:1', HostConfig });
    const exec = await arena.exec(id, { User, Cmd });
    await arena.remove(id);
    return [run, exec];
  };

  const CAPABILITIES = ['grep', '^Cap', '/proc/self/status'];
  const sets = (output: string): Record<string, string> =>
    Object.fromEntries([...output.matchAll(/Cap(\w+):\s*([0-9a-f]+)/g)].map(([, name, bits]) => [name!, bits!]));
  const NONE = '0000000000000000';

  test.each(['root', '0', ''])('no capability is inheritable or ambient: root (%j)', async (user) => {
    for (const { output } of await asUser(user, CAPABILITIES)) {
      expect(sets(output)).toMatchObject({ Inh: NONE, Amb: NONE, Prm: '00000000a80425fb', Eff: '00000000a80425fb' });
    }
  });

  test.each(['app', '1000', '1000:0', '12345'])('another user than root has no capability: %j', async (user) => {
    for (const { output } of await asUser(user, CAPABILITIES)) {
      expect(sets(output)).toMatchObject({ Inh: NONE, Amb: NONE, Prm: NONE, Eff: NONE });
    }
    for (const { output } of await asUser(user, CAPABILITIES, { CapAdd: ['NET_ADMIN', 'SYS_TIME'] })) {
      expect(sets(output)).toMatchObject({ Inh: NONE, Amb: NONE, Prm: NONE, Eff: NONE });
    }
  });

  test('exec with privileges has none that is inheritable, and gives none to other users', async () => {
    const id = await arena.up({ Image: 'users:1', HostConfig: { Runtime } });
    const root = sets((await arena.exec(id, { Privileged: true, Cmd: CAPABILITIES })).output);
    expect(root).toMatchObject({ Inh: NONE, Amb: NONE });
    expect(root['Eff']).toMatch(/ffffff$/);
    const app = sets((await arena.exec(id, { Privileged: true, User: 'app', Cmd: CAPABILITIES })).output);
    expect(app).toMatchObject({ Inh: NONE, Amb: NONE, Prm: NONE, Eff: NONE });
    await arena.remove(id);
  });

  // By name, by number, and a number that no file knows; with the groups of the file only where Docker adds them.
  test.each([
    ['app', 'uid=1000 gid=1000 groups=1000,10,29'],
    ['1000', 'uid=1000 gid=1000 groups=1000,10,29'],
    ['1000:1000', 'uid=1000 gid=1000 groups=1000'],
    ['app:wheel', 'uid=1000 gid=10 groups=10'],
    ['daemon', 'uid=1 gid=1 groups=1,29'],
    ['54321', 'uid=54321 gid=0 groups=0'],
    ['54321:54321', 'uid=54321 gid=54321 groups=54321'],
    ['2147483647', 'uid=2147483647 gid=0 groups=0'],
  ])('%s is in its primary group', async (user, expected) => {
    const ID = [
      'sh',
      '-c',
      'echo uid=$(id -u) gid=$(id -g) groups=$(grep ^Groups: /proc/self/status | cut -f2 | sed "s/ *$//; s/ /,/g")',
    ];
    const want = (text: string) => [
      text.split('groups=')[0],
      ...(text.trim().split('groups=')[1] ?? '').split(',').sort(),
    ];
    for (const { output } of await asUser(user, ID)) expect(want(output)).toEqual(want(expected));
  });

  test('permissions that are denied to a group stay denied to a set-gid helper', async () => {
    const files = [...busyboxFiles(), { path: 'secret', content: 'secret\n', mode: 0o604 }];
    await arena.load({ ...image('negative:1'), files: [...image('').files, ...files.slice(-1)] });
    // As root: the file belongs to group 1000, and a helper to group 29.
    const prepare = 'chown 0:1000 /secret; mkdir /h; cp /bin/busybox /h; chown 0:29 /h/busybox; chmod 2755 /h/busybox';
    const id = await arena.up({ Image: 'negative:1', HostConfig: { Runtime } });
    await arena.exec(id, { Cmd: ['sh', '-c', prepare] });
    for (const User of ['app', '1000', '1000:1000']) {
      const read = await arena.exec(id, { User, Cmd: ['/h/busybox', 'cat', '/secret'] });
      expect(read.output).toMatch(/Permission denied/);
    }
    expect((await arena.exec(id, { User: '54321:54321', Cmd: ['/h/busybox', 'cat', '/secret'] })).output).toBe(
      'secret\n',
    );
    await arena.remove(id);
  });

  test.each([
    ...['2147483648', '4294967295', '4294967296', '4294968296', '18446744073709551616', '-1', '-0', '1e3', '+0'],
    ...['0:2147483648', '0:4294967296', '0:-1', '0:99999999999999999999', 'app:4294967295'],
    ...[
      '0x0',
      '00',
      '01',
      '1000 ',
      ' 0',
      '0\t',
      '٠',
      '2001 ',
      'wrap',
      'minus',
      'high',
      'empty',
      'root ',
      'Root',
      ':wrap',
    ],
    ...['root\n', 'app:root:x', '../root', 'app:nosuchgroup'],
  ])('%j is nobody', async (user) => {
    for (const outcome of await asUser(user, ['id'])) {
      expect(outcome.output).not.toMatch(/uid=/);
      expect(outcome.exitCode === -1 ? outcome.status : outcome.exitCode).toSatisfy(
        (n: number) => n === 400 || n === 126,
      );
    }
  });

  test.each([
    ['2000', 'uid=2000'],
    ['0:3000', 'gid=3000'],
    ['0x7d1', 'uid=0'],
  ])('a name that looks like a number does not change what the number means: %s', async (user, expected) => {
    for (const { output } of await asUser(user, ['sh', '-c', 'echo uid=$(id -u) gid=$(id -g)'])) {
      expect(output).toContain(expected);
    }
  });
});

test('files of users that are huge, or no files, cost nothing', async () => {
  const memory = () =>
    Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${arena.engine.pid}/status`, 'utf8'))?.[1]) * 1024;
  const id = await arena.up({ Image: 'users:1' });
  const exec = (User: string) => arena.exec(id, { User, Cmd: ['id', '-u'] });
  expect((await exec('app')).output).toBe('1000\n');
  const before = memory();
  const { State } = (await arena.engine.request('GET', `/containers/${id}/json`)).json<{ State: { Pid: number } }>();
  const [file, fifo] = ['passwd', 'fifo'].map((name) => `/proc/${State.Pid}/root/etc/${name}`) as [string, string];
  const places: [string, () => void][] = [
    ['1 GB', () => truncateSync(file, 1e9)],
    ['just too large', () => truncateSync(file, 10 * 1024 * 1024 + 1)],
    ['nothing', () => rmSync(file)],
    ['a FIFO', () => void execFileSync('mkfifo', [file])],
    ['a directory', () => mkdirSync(file)],
    ['a link to a device', () => symlinkSync('/dev/zero', file)],
    ['a link to itself', () => symlinkSync('passwd', file)],
    ['a link to a FIFO', () => [execFileSync('mkfifo', [fifo]), symlinkSync('fifo', file)]],
    ['a magic link', () => symlinkSync('/proc/self/exe', file)],
    ['a device', () => void execFileSync('mknod', [file, 'c', '1', '5'])],
  ];
  for (const [what, make] of places) {
    if (what !== '1 GB' && what !== 'just too large') rmSync(file, { recursive: true, force: true });
    if (what === 'nothing') writeFileSync(file, '');
    make();
    for (const outcome of [await exec('app'), await exec('app:wheel')]) {
      expect([outcome.exitCode, outcome.output], what).toEqual([
        126,
        expect.stringMatching(/unable to find user app|too large/),
      ]);
    }
    // Whoever is named by number needs no file, unless it is there and cannot be read.
    expect([0, 126], what).toContain((await arena.exec(id, { User: '0', Cmd: ['true'] })).exitCode);
  }
  rmSync(file);
  writeFileSync(file, 'app:x:1000:1000::/:\n');
  expect((await exec('app')).output).toBe('1000\n');
  expect(memory() - before).toBeLessThan(100 * 1024 * 1024);
});

test('an image with a huge file of users does not start, and says why', async () => {
  const huge = `${PASSWD}\n#`.padEnd(11 * 1024 * 1024, '#');
  await arena.load(image('huge:1', huge), image('huge:2', PASSWD, huge));
  for (const Image of ['huge:1', 'huge:2']) {
    const outcome = await arena.run({ Image, User: 'app', Cmd: ['id'] });
    expect(outcome).toMatchObject({ status: 400, message: expect.stringMatching(/(passwd|group) file is too large/) });
  }
});
