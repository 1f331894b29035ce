import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Containers, IMAGE, startContainers } from '../../support/containers.ts';
import { engineProgram, reload } from '../../support/daemon.ts';
import { run } from '../../support/docker.ts';
import { configFile } from '../../support/engine.ts';

/** Settings of the engine for containers that say nothing themselves, seen from inside of containers. */
describe('defaults of containers', () => {
  let directory: string;
  let c: Containers;
  const wrapper = () => join(directory, 'wrapped-runtime');
  const settings = () => ({
    'default-ulimits': { nofile: { Name: 'nofile', Soft: 1234, Hard: 2345 }, nproc: { Soft: 777, Hard: 777 } },
    'default-shm-size': '8m',
    'default-ipc-mode': 'shareable',
    'default-cgroupns-mode': 'private',
    init: true,
    'init-path': join(directory, 'own-init'),
    'no-new-privileges': true,
    'seccomp-profile': join(directory, 'no-mkdir.json'),
    dns: ['192.0.2.53', '2001:db8::53'],
    'dns-search': ['corp.test', 'test'],
    'dns-opts': ['ndots:3'],
    runtimes: { wrapped: { path: wrapper(), runtimeArgs: ['--marked=yes'] } },
  });
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'berth-defaults-'));
    const catatonit = (await run('sh', ['-c', 'command -v catatonit'])).stdout.trim();
    symlinkSync(catatonit, join(directory, 'own-init'));
    writeFileSync(
      wrapper(),
      `#!/bin/sh\n[ "$1" = --marked=yes ] || exit 9\nshift\necho "$@" >>${directory}/calls\nexec runc "$@"\n`,
    );
    chmodSync(wrapper(), 0o755);
    const profile = {
      defaultAction: 'SCMP_ACT_ALLOW',
      syscalls: [{ names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO' }],
    };
    writeFileSync(join(directory, 'no-mkdir.json'), JSON.stringify(profile));
    c = await startContainers({ config: settings() });
  });
  afterAll(async () => {
    await c?.engine.stop();
    rmSync(directory, { recursive: true, force: true });
  });
  const sh = async (script: string, HostConfig: Record<string, unknown> = {}) =>
    (await c.run(['sh', '-c', script], { HostConfig })).stdout;

  test('default-ulimits: by name, below what the container sets; not a part of its own settings', async () => {
    const { id, stdout } = await c.run(
      ['sh', '-c', "awk '/Max (open files|processes)/ { print $(NF-2), $(NF-1) }' /proc/self/limits"],
      {
        HostConfig: { Ulimits: [{ Name: 'nproc', Soft: 55, Hard: 66 }] },
      },
    );
    expect(stdout).toBe('55 66\n1234 2345\n');
    expect((await c.inspect(id)).HostConfig['Ulimits']).toEqual([{ Name: 'nproc', Soft: 55, Hard: 66 }]);
  });

  test('default-ulimits hold for exec too', async () => {
    const id = await c.create(['sleep', '600']);
    await c.start(id);
    expect((await c.exec(id, ['sh', '-c', 'ulimit -Sn'])).stdout).toBe('1234\n');
  });

  test('default-shm-size', async () => {
    expect(await sh("df -k /dev/shm | awk 'END { print $2 }'")).toBe('8192\n');
    expect(await sh("df -k /dev/shm | awk 'END { print $2 }'", { ShmSize: 1024 * 1024 })).toBe('1024\n');
  });

  test('default-ipc-mode: others may join', async () => {
    const owner = await c.create(['sh', '-c', 'echo shared >/dev/shm/x; sleep 600']);
    await c.start(owner);
    expect((await c.inspect(owner)).HostConfig['IpcMode']).toBe('shareable');
    expect(await sh('until cat /dev/shm/x 2>/dev/null; do :; done', { IpcMode: `container:${owner}` })).toBe(
      'shared\n',
    );
  });

  test('default-cgroupns-mode', async () => {
    const { id, stdout } = await c.run(['sh', '-c', 'sort -u -t: -k3 /proc/self/cgroup | cut -d: -f3 | sort -u']);
    expect(stdout).toBe('/\n');
    expect((await c.inspect(id)).HostConfig['CgroupnsMode']).toBe('private');
  });

  test('init, init-path: unless the container says no', async () => {
    const first = 'tr "\\0" " " </proc/1/cmdline; true';
    expect(await sh(first)).toMatch(/docker-init -- sh -c/);
    expect(await sh(first, { Init: false })).toMatch(/^sh -c/);
  });

  test('no-new-privileges: unless the container says no', async () => {
    const flag = "awk '/NoNewPrivs/ { print $2 }' /proc/self/status";
    expect(await sh(flag)).toBe('1\n');
    expect(await sh(flag, { SecurityOpt: ['no-new-privileges=false'] })).toBe('0\n');
  });

  test('seccomp-profile: unless the container names another or is privileged', async () => {
    const make = 'mkdir /tmp/x 2>/dev/null && echo made || echo refused';
    expect(await sh(make)).toBe('refused\n');
    expect(await sh(make, { SecurityOpt: ['seccomp=builtin'] })).toBe('made\n');
    expect(await sh(make, { Privileged: true })).toBe('made\n');
  });

  test('dns, dns-search, dns-opts', async () => {
    expect(await sh('cat /etc/resolv.conf')).toMatch(
      /nameserver 192\.0\.2\.53\nnameserver 2001:db8::53\nsearch corp\.test test\noptions ndots:3/,
    );
    expect(await sh('cat /etc/resolv.conf', { Dns: ['192.0.2.99'] })).toMatch(/nameserver 192\.0\.2\.99\nsearch corp/);
  });

  test('runtimes: registered by name, with arguments of their own', async () => {
    const { code, stdout } = await c.run(['sh', '-c', 'echo by it'], { HostConfig: { Runtime: 'wrapped' } });
    expect([code, stdout]).toEqual([0, 'by it\n']);
    const calls = (await run('cat', [join(directory, 'calls')])).stdout;
    expect(calls).toContain('create');
    const body = { Image: IMAGE, Cmd: ['true'], HostConfig: { Runtime: 'nope' } };
    const refused = await c.engine.request('POST', '/containers/create', { body });
    expect([refused.status, refused.text]).toEqual([
      400,
      expect.stringContaining('unknown or invalid runtime name: nope'),
    ]);
  });

  test('info tells all of it', async () => {
    expect((await c.ask('GET', '/info')).json()).toMatchObject({
      Runtimes: { wrapped: { path: wrapper(), runtimeArgs: ['--marked=yes'] } },
      SecurityOptions: expect.arrayContaining([
        `name=seccomp,profile=${directory}/no-mkdir.json`,
        'name=no-new-privileges',
      ]),
      InitBinary: join(directory, 'own-init'),
    });
  });

  test('default-runtime: another one on SIGHUP, or none at all when it cannot be run', async () => {
    const write = (more: object) =>
      writeFileSync(configFile(c.engine), JSON.stringify({ ...settings(), ...more }, null, 2));
    write({ 'default-runtime': 'gone', runtimes: { ...settings().runtimes, gone: { path: '/no/such/runtime' } } });
    expect(await reload(c.engine)).toMatch(/nothing has changed" error="the OCI runtime \\"gone\\" cannot be run/);
    const before = await c.create(['echo', 'made before']);
    write({ 'default-runtime': 'wrapped', 'default-shm-size': '4m', 'default-ipc-mode': 'private' });
    expect(await reload(c.engine)).toContain('settings were read again');
    await c.start(before);
    expect(await c.wait(before)).toBe(0);
    rmSync(join(directory, 'calls'), { force: true });
    expect(await sh("df -k /dev/shm | awk 'END { print $2 }'")).toBe('4096\n');
    expect((await run('cat', [join(directory, 'calls')])).stdout).toContain('create');
    expect((await c.ask('GET', '/info')).json()).toMatchObject({ DefaultRuntime: 'wrapped' });
    expect((await c.inspect(await c.create(['true']))).HostConfig['IpcMode']).toBe('private');
  });
});

test('default-runtime: a registered one, from the start', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'berth-runtime-'));
  const path = join(directory, 'wrapped');
  writeFileSync(path, `#!/bin/sh\necho "$@" >>${directory}/calls\nexec runc "$@"\n`);
  chmodSync(path, 0o755);
  const c = await startContainers({ config: { 'default-runtime': 'wrapped', runtimes: { wrapped: { path } } } });
  try {
    rmSync(join(directory, 'calls'));
    const { code, stdout } = await c.run(['echo', 'by it']);
    expect([code, stdout]).toEqual([0, 'by it\n']);
    expect((await run('cat', [join(directory, 'calls')])).stdout).toContain('create');
    expect((await c.ask('GET', '/info')).json()).toMatchObject({ DefaultRuntime: 'wrapped' });
    const id = await c.create(['sleep', '600']);
    await c.start(id);
    expect((await c.exec(id, ['echo', 'inside'])).stdout).toBe('inside\n');
    await c.engine.kill();
    await c.engine.start();
    expect((await c.inspect(id)).State.Running).toBe(true);
  } finally {
    await c.engine.stop();
    rmSync(directory, { recursive: true, force: true });
  }
});

test('files that settings name are looked at by a check', async () => {
  const check = async (...flags: string[]) =>
    (await engineProgram('--config-file', '/dev/null', '--validate', ...flags)).stderr;
  expect(await check('--init-path', '/etc/passwd')).toContain('"init-path": /etc/passwd is no program');
  expect(await check('--seccomp-profile', '/etc/hostname')).toContain('"seccomp-profile": cannot use /etc/hostname');
  expect(await check('--userns-remap', 'nobody-of-this-name')).toContain('nobody-of-this-name');
  expect(await check('--log-opt', 'max-sise=1m')).toContain("unknown log opt 'max-sise'");
  expect(await check('--seccomp-profile', 'builtin', '--seccomp-profile', 'unconfined')).toBe('');
});
