import { BerthError } from '@berth/kit';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ImageConfig, ImageRunConfig } from '../../images/model.ts';
import { type CreateOptions, parseCreate } from './parse-create.ts';

const OPTIONS: CreateOptions = {
  id: 'abcdef0123456789'.repeat(4),
  cgroupV2: false,
  apparmor: false,
  cpus: 4,
  pathExists: (path) => path === '/exists',
};

function image(config: ImageRunConfig): { id: `sha256:${string}`; config: ImageConfig } {
  return {
    id: 'sha256:00',
    config: { architecture: 'amd64', os: 'linux', config, rootfs: { type: 'layers', diff_ids: [] } },
  };
}

const BUSYBOX = image({ Cmd: ['sh'], Env: ['PATH=/bin'] });

const create = (body: Record<string, unknown>, from = BUSYBOX, options: Partial<CreateOptions> = {}) =>
  parseCreate({ Image: 'busybox', ...body }, from, { ...OPTIONS, ...options });
const createHost = (HostConfig: Record<string, unknown>, options: Partial<CreateOptions> = {}) =>
  create({ HostConfig }, BUSYBOX, options);

describe('defaults', () => {
  test('an empty wish becomes what inspect shows', () => {
    const { spec, warnings } = create({});
    expect(warnings).toEqual([]);
    expect(spec.config).toMatchObject({
      Image: 'busybox',
      Cmd: ['sh'],
      Entrypoint: null,
      Env: ['PATH=/bin'],
      Hostname: 'abcdef012345',
      Labels: {},
      Volumes: null,
    });
    expect(spec.config).not.toHaveProperty('ExposedPorts');
    expect(spec.hostConfig).toMatchObject({
      NetworkMode: 'bridge',
      IpcMode: 'private',
      CgroupnsMode: 'host',
      RestartPolicy: { Name: 'no', MaximumRetryCount: 0 },
      LogConfig: { Type: 'json-file', Config: {} },
      ShmSize: 67108864,
      OomKillDisable: false,
      PidsLimit: null,
      Binds: null,
    });
    expect(spec.hostConfig.MaskedPaths).toContain('/proc/kcore');
    expect(spec.hostConfig.ReadonlyPaths).toContain('/proc/sys');
  });

  test('what the docker CLI 28 sends for a plain run is accepted', () => {
    const { spec } = create({
      Hostname: '',
      Domainname: '',
      User: '',
      AttachStdout: true,
      AttachStderr: true,
      Tty: false,
      Env: null,
      Cmd: null,
      Volumes: {},
      WorkingDir: '',
      Entrypoint: null,
      OnBuild: null,
      Labels: {},
      ExposedPorts: {},
      HostConfig: {
        Binds: null,
        ContainerIDFile: '',
        LogConfig: { Type: '', Config: {} },
        NetworkMode: 'default',
        PortBindings: {},
        RestartPolicy: { Name: 'no', MaximumRetryCount: 0 },
        AutoRemove: false,
        VolumeDriver: '',
        VolumesFrom: null,
        ConsoleSize: [24, 80],
        CapAdd: null,
        CapDrop: null,
        CgroupnsMode: '',
        Dns: [],
        DnsOptions: [],
        DnsSearch: [],
        ExtraHosts: null,
        GroupAdd: null,
        IpcMode: '',
        Cgroup: '',
        Links: null,
        OomScoreAdj: 0,
        PidMode: '',
        SecurityOpt: null,
        UTSMode: '',
        UsernsMode: '',
        ShmSize: 0,
        Isolation: '',
        BlkioWeightDevice: [],
        BlkioDeviceReadBps: [],
        DeviceCgroupRules: null,
        DeviceRequests: null,
        MemorySwappiness: -1,
        OomKillDisable: false,
        PidsLimit: 0,
        Ulimits: [],
        MaskedPaths: null,
        ReadonlyPaths: null,
        Devices: [],
      },
      NetworkingConfig: {
        EndpointsConfig: { default: { IPAMConfig: null, Links: null, Aliases: null, NetworkID: '' } },
      },
    });
    expect(spec.hostConfig.MemorySwappiness).toBeNull();
    expect(spec.hostConfig.PidsLimit).toBeNull();
    expect(spec.hostConfig.ConsoleSize).toEqual([24, 80]);
    expect(Object.keys(spec.endpoints)).toEqual(['bridge']);
  });

  test.each([
    ['swap is twice the memory', { Memory: 67108864 }, { MemorySwap: 134217728 }],
    ['cpu shares are brought into range', { CpuShares: 1 }, { CpuShares: 2 }],
    ['privileged masks nothing', { Privileged: true }, { MaskedPaths: null, ReadonlyPaths: null }],
    ['an empty list masks nothing', { MaskedPaths: [] }, { MaskedPaths: [] }],
    [
      'capabilities get their prefix',
      { CapAdd: ['net_admin', 'CAP_SYS_TIME', 'net_admin'] },
      { CapAdd: ['CAP_NET_ADMIN', 'CAP_SYS_TIME'] },
    ],
    ['field names match without case', { memory: 67108864 }, { Memory: 67108864 }],
  ])('%s', (_, given, expected) => {
    expect(createHost(given).spec.hostConfig).toMatchObject(expected);
  });

  test('cgroup version 2 has a private namespace and no OOM switch', () => {
    const { spec, warnings } = createHost({ OomKillDisable: true }, { cgroupV2: true });
    expect(spec.hostConfig).toMatchObject({ CgroupnsMode: 'private', OomKillDisable: null });
    expect(warnings).toEqual(['Your kernel does not support OomKillDisable. OomKillDisable discarded.']);
  });

  test('host network discards published ports with a warning', () => {
    const { warnings } = createHost({ NetworkMode: 'host', PortBindings: { '80/tcp': [{ HostPort: '8080' }] } });
    expect(warnings).toEqual(['Published ports are discarded when using host network mode']);
  });

  test('the MAC address goes to the endpoint', () => {
    const { spec } = create({ MacAddress: '02:42:ac:11:00:09' });
    expect(spec.endpoints.bridge?.MacAddress).toBe('02:42:ac:11:00:09');
  });

  test('a healthcheck of the image is kept', () => {
    const from = image({ Cmd: ['x'], Healthcheck: { Test: ['CMD', 'true'], Interval: 5e9 } });
    expect(create({}, from).spec.config.Healthcheck).toEqual({ Test: ['CMD', 'true'], Interval: 5e9 });
    expect(create({ Healthcheck: { Test: ['NONE'] } }, from).spec.config.Healthcheck?.Test).toEqual(['NONE']);
  });
});

describe('refused, with the sentences that clients know', () => {
  test.each<[string, Record<string, unknown>, string]>([
    ['null byte', { Cmd: ['a\0b'] }, 'must not contain null bytes'],
    [
      'wrong type',
      { Env: 'A=b' },
      'json: cannot unmarshal string into Go struct field CreateRequest.Env of type []string',
    ],
    [
      'wrong type inside',
      { HostConfig: { Memory: '1g' } },
      'json: cannot unmarshal string into Go struct field CreateRequest.HostConfig.Memory of type int64',
    ],
    ['fraction', { HostConfig: { Memory: 1.5 } }, 'json: cannot unmarshal number 1.5 into Go struct field'],
    ['workdir', { WorkingDir: 'a' }, "the working directory 'a' is invalid, it needs to be an absolute path"],
    ['signal', { StopSignal: 'SIGFOO' }, 'invalid signal: SIGFOO'],
    ['variable', { Env: ['=x'] }, 'invalid environment variable: =x'],
    ['hostname', { Hostname: 'a b' }, 'invalid hostname: a b'],
    ['long hostname', { Hostname: 'a'.repeat(65) }, 'invalid hostname: a'],
    ['exposed port', { ExposedPorts: { '99999/tcp': {} } }, 'invalid port specification: "99999/tcp"'],
    ['volume', { Volumes: { data: {} } }, "invalid volume specification: 'data'"],
    ['healthcheck', { Healthcheck: { Interval: 5 } }, 'Interval in Healthcheck cannot be less than 1ms'],
    ['MAC', { MacAddress: 'zz' }, 'invalid MAC address: zz'],
  ])('%s', (_, body, message) => {
    expect(() => create(body)).toThrow(
      expect.objectContaining({ code: 'invalid', message: expect.stringContaining(message) }),
    );
  });

  test.each<[string, Record<string, unknown>, string]>([
    ['memory', { Memory: 1000 }, 'Minimum memory limit allowed is 6MB'],
    [
      'swap below memory',
      { Memory: 2e8, MemorySwap: 1e8 },
      'Minimum memoryswap limit should be larger than memory limit, see usage',
    ],
    [
      'swap alone',
      { MemorySwap: 1e8 },
      'You should always set the Memory limit when using Memoryswap limit, see usage',
    ],
    [
      'reservation',
      { Memory: 1e8, MemoryReservation: 2e8 },
      'Minimum memory limit can not be less than memory reservation limit, see usage',
    ],
    ['swappiness', { MemorySwappiness: 101 }, 'Invalid value: 101, valid memory swappiness range is 0-100'],
    ['cpus', { NanoCpus: 5e9 }, 'Range of CPUs is from 0.01 to 4.00, as there are only 4 CPUs available'],
    [
      'cpus and period',
      { NanoCpus: 1e9, CpuPeriod: 5000 },
      'Conflicting options: Nano CPUs and CPU Period cannot both be set',
    ],
    [
      'period',
      { CpuPeriod: 5 },
      'CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)',
    ],
    ['quota', { CpuQuota: 5 }, 'CPU cfs quota can not be less than 1ms (i.e. 1000)'],
    ['cpuset', { CpusetCpus: '0-x' }, 'Invalid value 0-x for cpuset cpus'],
    ['cpuset range', { CpusetCpus: '9999' }, 'Requested CPUs are not available - requested 9999, available: 0'],
    ['blkio', { BlkioWeight: 5 }, 'Range of blkio weight is from 10 to 1000'],
    [
      'ulimit',
      { Ulimits: [{ Name: 'nofile', Soft: 5, Hard: 3 }] },
      'ulimit soft limit must be less than or equal to hard limit: 5 > 3',
    ],
    ['device rule', { DeviceCgroupRules: ['x'] }, "invalid device cgroup rule format: 'x'"],
    [
      'restart',
      { RestartPolicy: { Name: 'sometimes' } },
      "invalid restart policy: unknown policy 'sometimes'; use one of 'always', 'no', 'on-failure', or 'unless-stopped'",
    ],
    [
      'restart count',
      { RestartPolicy: { Name: 'always', MaximumRetryCount: 2 } },
      "invalid restart policy: maximum retry count can only be used with 'on-failure'",
    ],
    [
      'auto remove',
      { AutoRemove: true, RestartPolicy: { Name: 'always' } },
      "can't create 'AutoRemove' container with restart policy",
    ],
    ['shm', { ShmSize: -1 }, 'SHM size can not be less than 0'],
    ['oom', { OomScoreAdj: 2000 }, 'Invalid value 2000, range for oom score adj is [-1000, 1000]'],
    ['ipc', { IpcMode: 'x' }, 'invalid IPC mode: x'],
    ['pid', { PidMode: 'x' }, 'invalid PID mode: x'],
    ['uts', { UTSMode: 'x' }, 'invalid UTS mode: x'],
    ['cgroupns', { CgroupnsMode: 'x' }, 'invalid cgroup namespace mode: x'],
    ['security 1', { SecurityOpt: ['x'] }, 'invalid --security-opt 1: "x"'],
    ['security 2', { SecurityOpt: ['x=y'] }, 'invalid --security-opt 2: "x=y"'],
    ['seccomp', { SecurityOpt: ['seccomp=/file.json'] }, 'Decoding seccomp profile failed'],
    ['capability', { CapAdd: ['FLY'] }, 'invalid capability: "FLY"'],
    ['sysctl', { Sysctls: { 'kernel.core_pattern': 'x' } }, "sysctl 'kernel.core_pattern' is not allowed"],
    ['sysctl path', { Sysctls: { 'net.../kernel': 'x' } }, "sysctl 'net.../kernel' is not allowed"],
    [
      'sysctl host',
      { NetworkMode: 'host', Sysctls: { 'net.ipv4.ip_forward': '1' } },
      "sysctl 'net.ipv4.ip_forward' not allowed in host network namespace",
    ],
    ['log driver', { LogConfig: { Type: 'x' } }, "logger: no log driver named 'x' is registered"],
    [
      'log option',
      { LogConfig: { Type: 'json-file', Config: { x: '1' } } },
      "unknown log opt 'x' for json-file log driver",
    ],
    ['add-host', { ExtraHosts: ['x'] }, 'bad format for add-host: "x"'],
    ['add-host line', { ExtraHosts: ['a\n6.6.6.6 b:1.2.3.4'] }, 'bad format for add-host'],
    ['add-host ip', { ExtraHosts: ['a:b'] }, 'invalid IP address in add-host: "b"'],
    ['dns', { Dns: ['1.2.3.4\nsearch x'] }, 'invalid DNS address'],
    ['port', { PortBindings: { '80/tcp': [{ HostPort: 'x' }] } }, 'invalid port specification: "x"'],
    ['uts hostname', { UTSMode: 'host' }, 'conflicting options: hostname and the UTS mode'],
    ['joined network', { NetworkMode: 'container:x' }, 'conflicting options: hostname and the network mode'],
    [
      'joined network without name',
      { NetworkMode: 'container:' },
      'Invalid network mode: invalid container format container:<name|id>',
    ],
    [
      'host network and links',
      { NetworkMode: 'host', Links: ['a'] },
      "conflicting options: host type networking can't be used with links",
    ],
    ['bind', { Binds: ['a:b:c:d'] }, "invalid volume specification: 'a:b:c:d'"],
    [
      'mount',
      { Mounts: [{ Type: 'bind', Source: '/x', Target: '/y' }] },
      'invalid mount config for type "bind": bind source path does not exist: /x',
    ],
    ['annotation', { Annotations: { 'run.oci.hooks.stdout': '/x' } }, 'annotation "run.oci.hooks.stdout" is reserved'],
  ])('%s', (_, HostConfig, message) => {
    expect(() => create({ Hostname: 'h', HostConfig })).toThrow(
      expect.objectContaining({ code: 'invalid', message: expect.stringContaining(message) }),
    );
  });

  test.each<[string, Record<string, unknown>, string]>([
    ['empty body', {}, 'config cannot be empty in order to create a container'],
    ['only host', { HostConfig: {} }, 'config cannot be empty in order to create a container'],
  ])('%s', (_, body, message) => {
    expect(() => parseCreate(body, BUSYBOX, OPTIONS)).toThrow(message);
  });

  test('no command', () => {
    expect(() => create({}, image({}))).toThrow('No command specified');
    expect(() => create({ Entrypoint: [''] }, image({ Entrypoint: ['/x'] }))).toThrow('No command specified');
  });
});

describe('not done by this version, said by name', () => {
  test.each<[string, Record<string, unknown>]>([
    ['log driver "awslogs"', { LogConfig: { Type: 'awslogs' } }],
    ['AppArmor profile "x"', { SecurityOpt: ['apparmor=x'] }],
    ['SELinux', { SecurityOpt: ['label=type:x'] }],
  ])('%s', (name, HostConfig) => {
    expect(() => createHost(HostConfig)).toThrow(
      expect.objectContaining({ code: 'not-supported', message: expect.stringContaining(name) }),
    );
  });
});

test('a hostile body cannot reach the prototype', () => {
  const body = JSON.parse('{"Image":"x","Labels":{"__proto__":"y"},"HostConfig":{"__proto__":{"Privileged":true}}}');
  const { spec } = parseCreate(body, BUSYBOX, OPTIONS);
  expect(spec.hostConfig.Privileged).toBe(false);
  expect(Object.getPrototypeOf(spec.config.Labels)).toBe(Object.prototype);
});

test('whatever is sent, the answer is a spec or a sentence', () => {
  const names = Object.keys(create({}).spec.config);
  const hostNames = [
    ...Object.keys(create({}).spec.hostConfig),
    'Mounts',
    'Tmpfs',
    'Sysctls',
    'Annotations',
    'StorageOpt',
  ];
  const value = fc.oneof(
    fc.jsonValue({ maxDepth: 3 }),
    fc.string(),
    fc.array(fc.string()),
    fc.integer(),
    fc.dictionary(fc.string(), fc.string()),
  );
  fc.assert(
    fc.property(
      fc.dictionary(fc.constantFrom(...names), value, { maxKeys: 3 }),
      fc.dictionary(fc.constantFrom(...hostNames), value, { maxKeys: 3 }),
      (config, HostConfig) => {
        try {
          create({ ...config, HostConfig });
        } catch (error) {
          expect(error).toBeInstanceOf(BerthError);
          expect(['invalid', 'not-supported']).toContain((error as BerthError).code);
        }
      },
    ),
    { numRuns: 500 },
  );
});

test('a joined network stands against ports of the client, not of the image', () => {
  const exposing = image({ Cmd: ['sh'], Env: [], ExposedPorts: { '80/tcp': {} } });
  const HostConfig = { NetworkMode: 'container:x' };
  expect(create({ HostConfig }, exposing).spec.config.ExposedPorts).toEqual({ '80/tcp': {} });
  expect(() => create({ HostConfig, ExposedPorts: { '81/tcp': {} } }, exposing)).toThrow(
    'conflicting options: port exposing and the container type network mode',
  );
});

test('the default bridge warns where the kernel does not forward', () => {
  const warning = 'IPv4 forwarding is disabled. Networking will not work.';
  expect(createHost({}, { ipv4Forwarding: false }).warnings).toEqual([warning]);
  expect(createHost({ NetworkMode: 'none' }, { ipv4Forwarding: false }).warnings).toEqual([]);
});
