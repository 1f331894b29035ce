import { describe, expect, test } from 'vitest';
import { checkSecurityOptions } from '../parse/parse-create-security.ts';
import { confinement } from './process.ts';
import { sampleBuild, sampleSpec } from './spec-sample.ts';

const linux = (hostConfig: object = {}, config: object = {}) => sampleBuild(hostConfig, config).spec.linux;
const types = (hostConfig: object) => linux(hostConfig).namespaces.map(({ type }) => type);

describe('namespaces', () => {
  test('are all its own, the network by path; the host shares what is asked for', () => {
    expect(linux().namespaces).toEqual([
      { type: 'mount' },
      { type: 'network', path: '/ns' },
      { type: 'uts' },
      { type: 'pid' },
      { type: 'ipc' },
    ]);
    expect(types({ PidMode: 'host', IpcMode: 'host', UTSMode: 'host' })).toEqual(['mount', 'network']);
    const { spec } = sampleBuild({ NetworkMode: 'host' }, {}, { networkPath: undefined, cgroupNamespace: 'private' });
    expect(spec.linux.namespaces.map(({ type }) => type)).toEqual(['mount', 'uts', 'pid', 'ipc', 'cgroup']);
  });

  test('of others are joined', () => {
    const { spec } = sampleBuild({}, {}, { joined: { ipc: '/proc/7/ns/ipc', pid: '/proc/7/ns/pid' } });
    expect(spec.linux.namespaces).toEqual(
      expect.arrayContaining([
        { type: 'pid', path: '/proc/7/ns/pid' },
        { type: 'ipc', path: '/proc/7/ns/ipc' },
      ]),
    );
  });

  test('no host name is set where it is that of the host', () => {
    expect(sampleBuild({ UTSMode: 'host' }).spec.hostname).toBeUndefined();
    expect(sampleBuild({}, { Hostname: 'h', Domainname: 'example.org' }).spec).toMatchObject({
      hostname: 'h',
      linux: { sysctl: { 'kernel.domainname': 'example.org' } },
    });
  });
});

describe('privileges', () => {
  test('none is inheritable or ambient', () => {
    const { capabilities } = sampleBuild().spec.process;
    expect(capabilities.bounding).toHaveLength(14);
    expect(capabilities).toMatchObject({
      effective: capabilities.bounding,
      permitted: capabilities.bounding,
      inheritable: [],
      ambient: [],
    });
  });

  test('privileged: nothing masked, no filter, every device, the kernel writable', () => {
    const { spec, seccomp } = sampleBuild({ Privileged: true });
    expect(seccomp).toBeUndefined();
    expect(spec.linux).toMatchObject({
      maskedPaths: [],
      readonlyPaths: [],
      resources: { devices: [{ allow: true, access: 'rwm' }] },
    });
    expect(spec.linux.devices.map(({ path }) => path)).toContain('/dev/null');
    expect(spec.mounts.find(({ destination }) => destination === '/sys')?.options).toContain('rw');
  });

  test.each([
    [['no-new-privileges'], true],
    [['no-new-privileges:true'], true],
    [['no-new-privileges=1'], true],
    [['no-new-privileges=false'], false],
    [[], false],
  ])('%j: no new privileges %s', (SecurityOpt, expected) => {
    expect(sampleBuild({ SecurityOpt }).spec.process.noNewPrivileges).toBe(expected);
  });

  test('an AppArmor profile is that of every process', () => {
    const profileOf = (options: string[]) => confinement(checkSecurityOptions(options, true)).apparmorProfile;
    expect(profileOf(['apparmor=mine'])).toBe('mine');
    expect(profileOf(['apparmor=unconfined'])).toBeUndefined();
    expect(profileOf([])).toBeUndefined();
  });

  test('paths that Docker masks and makes read-only', () => {
    const { maskedPaths, readonlyPaths } = linux();
    expect(maskedPaths).toEqual(
      expect.arrayContaining(['/proc/kcore', '/proc/keys', '/proc/timer_list', '/sys/firmware']),
    );
    expect(readonlyPaths).toEqual(['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger']);
    expect(linux({ MaskedPaths: [], ReadonlyPaths: [] })).toMatchObject({ maskedPaths: [], readonlyPaths: [] });
  });
});

describe('resources', () => {
  const resources = (hostConfig: object) => linux(hostConfig).resources;

  test('what is unset stays with the kernel', () => {
    expect(Object.keys(resources({}))).toEqual(['devices']);
    expect(resources({ PidsLimit: -1 }).pids).toBeUndefined();
    expect(resources({ PidsLimit: 0 }).pids).toBeUndefined();
  });

  test('memory: swap is twice the limit unless it is said', () => {
    const MIB = 1024 * 1024;
    expect(resources({ Memory: 64 * MIB }).memory).toMatchObject({ limit: 64 * MIB, swap: 128 * MIB });
    expect(resources({ Memory: 64 * MIB, MemorySwap: -1 }).memory).toEqual({ limit: 64 * MIB });
    expect(resources({ Memory: 64 * MIB, MemoryReservation: 32 * MIB, MemorySwappiness: 0 }).memory).toMatchObject({
      reservation: 32 * MIB,
      swappiness: 0,
    });
  });

  test('CPUs', () => {
    expect(resources({ NanoCpus: 2_500_000_000 }).cpu).toEqual({ quota: 250_000, period: 100_000 });
    expect(resources({ CpuQuota: 5000, CpuPeriod: 10_000, CpuShares: 7, CpusetCpus: '0' }).cpu).toEqual({
      quota: 5000,
      period: 10_000,
      shares: 7,
      cpus: '0',
    });
  });

  test('processes', () => {
    expect(resources({ PidsLimit: 9 }).pids).toEqual({ limit: 9 });
  });
});

describe('devices', () => {
  test('are refused first and then allowed one by one', () => {
    const [first, ...others] = linux().resources.devices;
    expect(first).toEqual({ allow: false, access: 'rwm' });
    expect(others.every(({ allow }) => allow)).toBe(true);
    expect(others).not.toContainEqual(expect.objectContaining({ type: 'c', major: 1, minor: 1 }));
  });

  test('mapped: node and rule', () => {
    const { devices, resources } = linux({
      Devices: [{ PathOnHost: '/dev/zero', PathInContainer: '/dev/nil', CgroupPermissions: 'r' }],
    });
    expect(devices).toEqual([expect.objectContaining({ path: '/dev/nil', type: 'c', major: 1, minor: 5 })]);
    expect(resources.devices.at(-1)).toEqual({ allow: true, type: 'c', major: 1, minor: 5, access: 'r' });
  });

  test('rules: all of a kind', () => {
    expect(linux({ DeviceCgroupRules: ['c 7:* rmw'] }).resources.devices.at(-1)).toEqual({
      allow: true,
      type: 'c',
      major: 7,
      access: 'rmw',
    });
  });
});

describe('mounts', () => {
  const mounts = (hostConfig: object, facts = {}) => sampleBuild(hostConfig, {}, facts).spec.mounts;
  const at = (hostConfig: object, path: string, facts = {}) =>
    mounts(hostConfig, facts).filter(({ destination }) => destination === path);

  test('a path is mounted once, and by the user where he wants it', () => {
    for (const path of ['/dev/shm', '/sys/fs/cgroup', '/etc/hosts', '/proc'])
      expect(at({ Binds: [`/host:${path}`] }, path)).toEqual([
        expect.objectContaining({ type: 'bind', source: '/host' }),
      ]);
  });

  test('a /dev of the user comes with nothing of ours in it', () => {
    expect(mounts({ Binds: ['/dev:/dev'] }).filter(({ destination }) => destination.startsWith('/dev'))).toHaveLength(
      1,
    );
  });

  test("the engine's files are read-only where the root is", () => {
    for (const path of ['/etc/hosts', '/etc/hostname', '/etc/resolv.conf']) {
      expect(at({}, path)[0]?.options).toContain('rw');
      expect(at({ ReadonlyRootfs: true }, path)[0]?.options).toContain('ro');
    }
  });

  test('binds: recursive, private, read-only with all below', () => {
    expect(at({ Binds: ['/a:/b'] }, '/b')[0]?.options).toEqual(['rbind', 'rprivate']);
    expect(at({ Binds: ['/usr:/b:ro'] }, '/b')[0]?.options).toEqual(['rbind', 'ro', 'rro', 'rprivate']);
    expect(
      at({ Mounts: [{ Type: 'bind', Source: '/a', Target: '/b', BindOptions: { NonRecursive: true } }] }, '/b')[0]
        ?.options,
    ).toEqual(['bind', 'private']);
  });

  test('propagation reaches the root', () => {
    expect(linux({ Binds: ['/a:/b:rshared'] }).rootfsPropagation).toBe('shared');
    expect(linux({ Binds: ['/a:/b:rslave'] }).rootfsPropagation).toBe('rslave');
    expect(linux().rootfsPropagation).toBe('rprivate');
  });

  test('shared memory: its size, none, that of another', () => {
    expect(at({ ShmSize: 4096 }, '/dev/shm')[0]?.options).toContain('size=4096');
    expect(at({ IpcMode: 'none' }, '/dev/shm')).toEqual([]);
    expect(at({}, '/dev/shm', { sharedShm: '/e/shm' })[0]).toMatchObject({ type: 'bind', source: '/e/shm' });
  });
});

describe('the process', () => {
  test('is entrypoint and command, behind an init program where there is one', () => {
    const config = { Entrypoint: ['/e', '1'], Cmd: ['c', '2'] };
    expect(sampleBuild({}, config).spec.process.args).toEqual(['/e', '1', 'c', '2']);
    expect(sampleBuild({ Init: true }, config, { init: '/usr/bin/init' }).spec).toMatchObject({
      process: { args: ['/sbin/docker-init', '--', '/e', '1', 'c', '2'] },
      mounts: expect.arrayContaining([
        expect.objectContaining({ destination: '/sbin/docker-init', source: '/usr/bin/init' }),
      ]),
    });
  });

  test('environment: the last of a name wins, a bare name removes, HOME is of the user', () => {
    const { env } = sampleBuild({}, { Env: ['A=1', 'A=2', 'TERM', 'PATH=/p', 'E='], Tty: true, Hostname: 'h' }).spec
      .process;
    expect(env.sort()).toEqual(['A=2', 'E=', 'HOME=/root', 'HOSTNAME=h', 'PATH=/p']);
    expect(sampleBuild({}, { Env: ['HOME=/mine'] }).spec.process.env).toContain('HOME=/mine');
  });

  test('limits', () => {
    expect(sampleBuild({ Ulimits: [{ Name: 'nofile', Soft: 1, Hard: 2 }], OomScoreAdj: 5 }).spec.process).toMatchObject(
      {
        rlimits: [{ type: 'RLIMIT_NOFILE', soft: 1, hard: 2 }],
        oomScoreAdj: 5,
      },
    );
  });

  test('a terminal has a size only where one is known', () => {
    expect(sampleBuild({ ConsoleSize: [3, 4] }, { Tty: true }).spec.process).toMatchObject({
      terminal: true,
      consoleSize: { height: 3, width: 4 },
    });
    expect(sampleBuild({}, { Tty: true }).spec.process.consoleSize).toBeUndefined();
  });
});

test('sysctls: low ports and ping are free in a network of its own only, and the user has the last word', () => {
  expect(linux().sysctl).toEqual({
    'net.ipv4.ip_unprivileged_port_start': '0',
    'net.ipv4.ping_group_range': '0 2147483647',
  });
  expect(linux({ NetworkMode: 'host' }).sysctl).toBeUndefined();
  expect(linux({ Sysctls: { 'net.ipv4.ip_unprivileged_port_start': '80' } }).sysctl).toMatchObject({
    'net.ipv4.ip_unprivileged_port_start': '80',
  });
});

test('the same request gives the same configuration', () => {
  expect(sampleSpec({ Memory: 1 << 30 })).toEqual(sampleSpec({ Memory: 1 << 30 }));
});
