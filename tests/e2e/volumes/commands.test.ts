// The volume commands with both clients on a real engine, and those that only Berth has.
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { clientProgram } from '../../support/client.ts';
import { type CommandOptions, run } from '../../support/docker.ts';
import { startTestEngine, type TestEngine } from '../../support/engine.ts';
import { busyboxImage, dockerArchive } from '../../support/images.ts';

type Client = 'berth' | 'docker';
let engine: TestEngine;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'berth-volumes-'));
  engine = await startTestEngine();
  const seeded = busyboxImage(['seeded:1'], {
    files: [
      { path: 'data', uid: 7, gid: 8 },
      { path: 'data/seed', content: 'from the image\n' },
    ],
    config: { Volumes: { '/data': {} } },
  });
  await ok('docker', ['load'], { input: dockerArchive([busyboxImage(['busybox:latest']), seeded]) });
});
afterAll(async () => {
  await engine?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const type = (client: Client, args: string[], options: CommandOptions = {}) =>
  run(clientProgram(client), args, { ...options, env: { DOCKER_HOST: engine.host, DOCKER_CLI_HINTS: 'false' } });
async function ok(client: Client, args: string[], options: CommandOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await type(client, args, options);
  expect({ args, code, stderr }).toEqual({ args, code: 0, stderr: '' });
  return stdout;
}

describe.each(['berth', 'docker'] as const)('%s', (client) => {
  const at = (name: string) => `${client}-${name}`;
  test('volume create, inspect, ls, rm', async () => {
    const create = [
      'volume',
      'create',
      '--label',
      'a=b',
      '--opt',
      'type=tmpfs',
      '-o',
      'device=tmpfs',
      '-o',
      'o=size=1m',
    ];
    expect(await ok(client, [...create, at('made')])).toBe(`${at('made')}\n`);
    const [inspected] = JSON.parse(await ok(client, ['volume', 'inspect', at('made')])) as Record<string, unknown>[];
    expect(Object.keys(inspected!)).toEqual([
      'CreatedAt',
      'Driver',
      'Labels',
      'Mountpoint',
      'Name',
      'Options',
      'Scope',
    ]);
    expect(inspected).toMatchObject({ Labels: { a: 'b' }, Options: { device: 'tmpfs', o: 'size=1m', type: 'tmpfs' } });
    expect(await ok(client, ['volume', 'inspect', '-f', '{{.Labels.a}} {{.Driver}}', at('made')])).toBe('b local\n');
    expect(await ok(client, ['inspect', '--type', 'volume', '-f', '{{.Name}}', at('made')])).toBe(`${at('made')}\n`);
    expect(await ok(client, ['volume', 'ls', '-q', '-f', 'label=a=b', '-f', `name=${client}`])).toBe(`${at('made')}\n`);
    expect(
      await ok(client, ['volume', 'ls', '-f', `name=${client}`, '--format', '{{.Name}}|{{.Driver}}|{{.Labels}}']),
    ).toBe(`${at('made')}|local|a=b\n`);
    expect(await ok(client, ['volume', 'rm', at('made')])).toBe(`${at('made')}\n`);
    expect(await type(client, ['volume', 'rm', at('made')])).toMatchObject({
      code: 1,
      stderr: `Error response from daemon: get ${at('made')}: no such volume\n`,
    });
    expect(await ok(client, ['volume', 'rm', '--force', at('made')])).toBe(`${at('made')}\n`);
    expect(await ok(client, ['volume', 'create'])).toMatch(/^[0-9a-f]{64}\n$/);
    expect((await type(client, ['volume', 'update', at('made')])).code).toBe(1);
    expect((await type(client, ['volume', 'create', '--group', 'g', at('c')])).stderr).toContain('not a swarm manager');
    expect((await type(client, ['volume', 'create', '--driver', 'nope', at('c')])).stderr).toMatch(
      /^Error response from daemon: create .*-c: error looking up volume plugin nope: plugin "nope" not found/,
    );
  });

  test('--volume, --mount, --volumes-from, --volume-driver, --tmpfs: as people write them', async () => {
    const volume = at('data');
    const sh = (args: string[], script: string) => ok(client, ['run', '--rm', ...args, 'busybox', 'sh', '-c', script]);
    await sh(['-v', `${volume}:/v`], 'mkdir /v/sub; echo one > /v/sub/file');
    expect(await sh(['--volume', `${volume}:/v:ro`], 'cat /v/sub/file; touch /v/x 2>&1 || true')).toMatch(
      /^one\n.*Read-only/,
    );
    expect(await sh(['--mount', `source=${volume},target=/m,volume-subpath=sub,readonly`], 'cat /m/file')).toBe(
      'one\n',
    );
    expect(
      await sh(
        [
          '--mount',
          `type=volume,src=${at('opt')},dst=/m,volume-opt=type=tmpfs,volume-opt=device=tmpfs,"volume-opt=o=size=1m,mode=700"`,
        ],
        'stat -c %a /m',
      ),
    ).toBe('700\n');
    expect(await sh(['--mount', 'type=image,source=seeded:1,target=/i,image-subpath=data'], 'cat /i/seed')).toBe(
      'from the image\n',
    );
    expect(await sh(['--mount', 'type=tmpfs,dst=/t,tmpfs-size=1m,tmpfs-mode=1770'], 'stat -c %a /t')).toBe('1770\n');
    expect(await sh(['--tmpfs', '/t:size=1m,mode=711'], 'stat -c %a /t')).toBe('711\n');
    expect(
      await sh(
        ['--mount', `type=bind,src=${folder},dst=/b,bind-recursive=disabled,bind-propagation=rprivate`],
        'ls /b; echo b',
      ),
    ).toBe('b\n');
    expect(await sh(['--volume-driver', 'local', '-v', `${at('driver')}:/v`], 'echo ok')).toBe('ok\n');
    await ok(client, ['create', '--name', at('holder'), '-v', `${volume}:/v`, '-v', '/anonymous', 'busybox']);
    expect(await sh(['--volumes-from', `${at('holder')}:ro`], 'cat /v/sub/file; ls -d /anonymous')).toBe(
      'one\n/anonymous\n',
    );
    const refused = await type(client, ['run', '--rm', '--mount', 'type=bind,src=/not/here,dst=/x', 'busybox']);
    expect(refused).toMatchObject({ code: 125 });
    expect(refused.stderr).toContain('bind source path does not exist: /not/here');
    await ok(client, ['rm', '-v', at('holder')]);
  });

  test('volumes of an image: anonymous, filled, gone with --rm and rm -v, kept by rm', async () => {
    const list = async () => (await ok(client, ['volume', 'ls', '-q', '--filter', 'dangling=true'])).split('\n');
    const before = await list();
    expect(await ok(client, ['run', '--rm', 'seeded:1', 'sh', '-c', 'cat /data/seed; stat -c %u:%g /data'])).toBe(
      'from the image\n7:8\n',
    );
    await ok(client, ['run', '--name', at('removed'), 'seeded:1', 'true']);
    await ok(client, ['rm', '-v', at('removed')]);
    expect(await list()).toEqual(before);
    await ok(client, ['run', '--name', at('kept'), 'seeded:1', 'true']);
    await ok(client, ['rm', at('kept')]);
    const [left] = (await list()).filter((name) => !before.includes(name));
    expect(left).toMatch(/^[0-9a-f]{64}$/);
    expect(await ok(client, ['volume', 'prune', '-f'])).toContain(`Deleted Volumes:\n`);
    expect(await list()).not.toContain(left);
  });

  test('system df, system prune --volumes, ps --filter volume=', async () => {
    await ok(client, ['run', '-d', '--name', at('user'), '-v', `${at('used')}:/v`, 'busybox', 'sleep', '600']);
    expect(
      await ok(client, [
        'ps',
        '--filter',
        `volume=${at('used')}`,
        '--format',
        '{{.Names}} {{.Mounts}} {{.LocalVolumes}}',
      ]),
    ).toMatch(new RegExp(`^${at('user')} ${client}-us.* 1\n$`));
    expect(
      await ok(client, ['system', 'df', '-v', '--format', '{{range .Volumes}}{{.Name}}={{.Links}} {{end}}']),
    ).toContain(`${at('used')}=1`);
    const anonymous = (await ok(client, ['volume', 'create'])).trim();
    expect(await ok(client, ['system', 'prune', '-f', '--volumes'])).toContain(`${anonymous}\n`);
    expect(await ok(client, ['volume', 'ls', '-q', '--filter', `name=${at('used')}`])).toBe(`${at('used')}\n`);
    await ok(client, ['rm', '-f', at('user')]);
  });
});

test('volume rename, clone, snapshot, backup, restore, ls-files, cat', async () => {
  const berth = (args: string[], options: CommandOptions = {}) => ok('berth', args, options);
  const sh = (volume: string, script: string) =>
    ok('berth', ['run', '--rm', '-v', `${volume}:/v`, 'busybox', 'sh', '-c', script]);
  await sh('first', 'mkdir /v/sub; echo text > /v/sub/file; printf "a\\033b" > "/v/$(printf "odd\\033name")"');
  expect(await berth(['volume', 'rename', 'first', 'second'])).toBe('');
  expect(await berth(['volume', 'cat', 'second', 'sub/file'])).toBe('text\n');
  expect(await berth(['volume', 'ls-files', '-R', '-q', 'second'])).toBe('odd?name\nsub\nsub/file\n');
  expect(await berth(['volume', 'ls-files', 'second', 'sub'])).toMatch(
    /^MODE +OWNER +SIZE +MODIFIED +PATH\n-0644 +0:0 +5B +\d{4}-\d\d-\d\d \d\d:\d\d +file\n$/,
  );
  const cloned = await type('berth', ['volume', 'clone', 'second', 'third']);
  expect(cloned).toMatchObject({ code: 0, stdout: 'third\n' });
  expect(cloned.stderr).toMatch(
    /^3 files (by reflink: blocks are shared .*|copied, \d+B: this file system cannot share blocks) \(\d+ ms\)\n$/,
  );
  expect(await berth(['volume', 'clone', '--quiet', '--live', 'second', 'fourth'])).toBe('fourth\n');
  expect(await berth(['volume', 'snapshot', '-q', '--name', 'kept', 'second'])).toBe('kept\n');
  expect(await berth(['volume', 'snapshot', '-q', 'second'])).toMatch(/^second-\d{8}-\d{6}\n$/);
  await sh('second', 'rm -r /v/*');
  expect(await berth(['volume', 'restore', '-q', '--from', 'kept', 'second'])).toBe('second\n');
  expect(await sh('second', 'cat /v/sub/file')).toBe('text\n');
  const file = join(folder, 'backup.tar');
  expect(await berth(['volume', 'backup', '-o', file, 'second'])).toBe('');
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(await berth(['volume', 'restore', '-i', file, 'fifth'])).toBe('fifth\n');
  expect(await sh('fifth', 'cat /v/sub/file')).toBe('text\n');
  const archive = await run(clientProgram('berth'), ['volume', 'backup', 'second'], {
    env: { DOCKER_HOST: engine.host },
  });
  expect(archive.stdout).toContain('sub/file');
  expect(await berth(['volume', 'restore', 'sixth'], { input: readFileSync(file) })).toBe('sixth\n');
  expect(await sh('sixth', 'cat /v/sub/file')).toBe('text\n');
  writeFileSync(join(folder, 'broken.tar'), readFileSync(file).subarray(0, 700));
  expect((await type('berth', ['volume', 'restore', '-i', join(folder, 'broken.tar'), 'sixth'])).code).toBe(1);
  expect(await sh('sixth', 'cat /v/sub/file')).toBe('text\n');
  expect((await type('berth', ['volume', 'backup', '-o', join(folder, 'none'), 'nothing'])).code).toBe(1);
  expect(existsSync(join(folder, 'none'))).toBe(false);
});
