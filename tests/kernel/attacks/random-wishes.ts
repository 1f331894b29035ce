import { join } from 'node:path';
import fc from 'fast-check';
import { HONEST } from './arena.ts';

export const word = fc.oneof(
  fc.constantFrom(
    '',
    'true',
    '0',
    '-1',
    'a',
    '../..',
    '/',
    '/proc',
    'a\0b',
    '__proto__',
    'host',
    'none',
    'container:x',
    '9'.repeat(30),
  ),
  fc.string({ maxLength: 20 }),
  fc.string({ unit: 'binary', maxLength: 10 }),
);
const number = fc.oneof(fc.constantFrom(0, -1, 1, 2 ** 31, 2 ** 53, 1e300, 0.5, -0), fc.integer(), fc.double());
const anything = fc.oneof(word, number, fc.boolean(), fc.constant(null), fc.jsonValue({ maxDepth: 3 }));
/** Mostly of the right type. */
const mostly = <T>(right: fc.Arbitrary<T>): fc.Arbitrary<unknown> =>
  fc.oneof({ weight: 6, arbitrary: right }, { weight: 1, arbitrary: anything });
const words = fc.array(word, { maxLength: 4 });
const table = (value: fc.Arbitrary<unknown>) => fc.dictionary(word, value, { maxKeys: 3 });
const some = (members: Record<string, fc.Arbitrary<unknown>>) => fc.record(members, { requiredKeys: [] });

/** A few of many members, so that most wishes come through the first checks. */
const few = (members: Record<string, fc.Arbitrary<unknown>>) =>
  fc
    .subarray(Object.keys(members), { maxLength: 3 })
    .chain((names) => fc.record(Object.fromEntries(names.map((name) => [name, members[name]!]))));

const target = fc.oneof(
  word,
  fc.constantFrom('/x', '/x/y', '/etc', '/dev', '/proc', '/sys', '/bin/sh', '/', '/x/../y', '/tmp'),
);

function hostWish(shared: string) {
  // Missing sources are made on the host: below a directory of the test only.
  const source = fc.constantFrom('a', 'b', '..a', 'c d').map((name) => join(shared, name));
  const resources = Object.fromEntries(
    [
      'Memory',
      'MemorySwap',
      'MemoryReservation',
      'NanoCpus',
      'CpuShares',
      'CpuPeriod',
      'CpuQuota',
      'PidsLimit',
      'ShmSize',
      'OomScoreAdj',
      'BlkioWeight',
      'MemorySwappiness',
      'CpuCount',
    ].map((name) => [name, mostly(number)]),
  );
  return few({
    ...resources,
    CpusetCpus: mostly(word),
    CpusetMems: mostly(word),
    Binds: mostly(
      fc.array(
        fc.tuple(source, target, fc.constantFrom('ro', 'rw', 'z', 'x', 'rshared')).map((parts) => parts.join(':')),
        { maxLength: 3 },
      ),
    ),
    Mounts: mostly(
      fc.array(
        some({
          Type: mostly(fc.constantFrom('bind', 'tmpfs', 'volume', 'image')),
          Source: source,
          Target: mostly(target),
          ReadOnly: mostly(fc.boolean()),
          TmpfsOptions: anything,
          BindOptions: anything,
        }),
        { maxLength: 2 },
      ),
    ),
    Tmpfs: mostly(fc.dictionary(target, word, { maxKeys: 2 })),
    NetworkMode: mostly(fc.constantFrom('', 'bridge', 'none', 'default', 'container:x', 'nowhere')),
    PortBindings: mostly(
      fc.dictionary(
        fc.constantFrom('80/tcp', '80', '80/sctp', 'x', '0/tcp', '70000/tcp'),
        fc.constantFrom(
          [{ HostPort: '0' }],
          [{ HostPort: 'x' }],
          [{ HostPort: '70000' }],
          [{ HostIp: 'x' }],
          [{ HostIp: '1.2.3.4', HostPort: '-1' }],
          null,
          'x',
        ),
      ),
    ),
    RestartPolicy: mostly(
      some({
        Name: mostly(fc.constantFrom('no', 'on-failure', 'x')),
        MaximumRetryCount: mostly(fc.integer({ min: 0, max: 2 })),
      }),
    ),
    CapAdd: mostly(words),
    CapDrop: mostly(words),
    SecurityOpt: mostly(
      fc.array(
        fc.oneof(
          word,
          fc.constantFrom(
            'no-new-privileges',
            'seccomp=unconfined',
            'seccomp={}',
            'seccomp=[]',
            'seccomp={"syscalls":[{}]}',
            'label=disable',
            'apparmor=x',
          ),
        ),
        { maxLength: 2 },
      ),
    ),
    Ulimits: mostly(
      fc.array(
        some({ Name: mostly(fc.constantFrom('nofile', 'core', 'x')), Soft: mostly(number), Hard: mostly(number) }),
        { maxLength: 2 },
      ),
    ),
    Devices: mostly(
      fc.array(
        some({
          PathOnHost: mostly(fc.constantFrom('/dev/null', '/dev/nothing', 'x')),
          PathInContainer: mostly(word),
          CgroupPermissions: mostly(fc.constantFrom('r', 'rwm', 'x')),
        }),
        { maxLength: 2 },
      ),
    ),
    DeviceCgroupRules: mostly(words),
    ExtraHosts: mostly(words),
    Dns: mostly(words),
    DnsSearch: mostly(words),
    DnsOptions: mostly(words),
    GroupAdd: mostly(words),
    MaskedPaths: mostly(
      fc.array(fc.oneof(word, fc.constantFrom('/proc/kcore', '/etc', '/nothing', '/')), { maxLength: 3 }),
    ),
    ReadonlyPaths: mostly(fc.array(fc.oneof(word, fc.constantFrom('/proc/sys', '/etc', '/nothing')), { maxLength: 3 })),
    Annotations: mostly(table(word)),
    LogConfig: mostly(
      some({ Type: mostly(fc.constantFrom('json-file', 'none', 'local', 'x')), Config: mostly(table(word)) }),
    ),
    IpcMode: mostly(fc.constantFrom('', 'private', 'shareable', 'none', 'container:x', 'x')),
    PidMode: mostly(fc.constantFrom('', 'container:x', 'x')),
    UTSMode: mostly(fc.constantFrom('', 'x')),
    UsernsMode: mostly(word),
    CgroupnsMode: mostly(fc.constantFrom('', 'private', 'host', 'x')),
    Runtime: mostly(fc.constantFrom('', 'crun', 'runc', 'nothing', '../x')),
    ReadonlyRootfs: mostly(fc.boolean()),
    Init: mostly(fc.boolean()),
    ConsoleSize: mostly(fc.array(number, { maxLength: 3 })),
    StorageOpt: mostly(table(word)),
    VolumesFrom: mostly(words),
    Links: mostly(words),
  });
}

/** A body for POST /containers/create; `shared` is a directory on the host that may be written to. */
export function createWish(shared: string): fc.Arbitrary<{ Image: string }> {
  const config = few({
    Cmd: mostly(fc.constantFrom(['true'], ['nothing'], ['/'], [''], [], 'true')),
    Entrypoint: mostly(fc.constantFrom(null, [''], ['sh', '-c'], [])),
    Env: mostly(words),
    User: mostly(word),
    WorkingDir: mostly(target),
    Hostname: mostly(word),
    Domainname: mostly(word),
    MacAddress: mostly(word),
    Labels: mostly(table(word)),
    Volumes: mostly(fc.dictionary(target, fc.constant({}), { maxKeys: 2 })),
    ExposedPorts: mostly(
      fc.dictionary(fc.oneof(word, fc.constantFrom('80/tcp', '1-3/udp')), fc.constant({}), { maxKeys: 2 }),
    ),
    StopSignal: mostly(word),
    StopTimeout: mostly(number),
    Tty: mostly(fc.boolean()),
    OpenStdin: mostly(fc.boolean()),
    Shell: mostly(words),
    Healthcheck: anything,
    NetworkingConfig: mostly(some({ EndpointsConfig: mostly(table(anything)) })),
  });
  return fc
    .tuple(config, hostWish(shared))
    .map(([body, HostConfig]) => ({ HostConfig, Image: HONEST, Cmd: ['true'], ...body }));
}

/** A body for POST /containers/{id}/exec. */
export const execWish = few({
  Cmd: mostly(fc.constantFrom(['true'], ['nothing'], ['/'], [''], [], 'true', ['\0'])),
  Env: mostly(words),
  User: mostly(word),
  WorkingDir: mostly(target),
  Tty: mostly(fc.boolean()),
  Privileged: mostly(fc.boolean()),
  AttachStdout: mostly(fc.boolean()),
  AttachStderr: mostly(fc.boolean()),
  DetachKeys: mostly(word),
  ConsoleSize: mostly(fc.array(number, { maxLength: 3 })),
}).map((wish) => ({ Cmd: ['true'], ...wish }));

/** A body for POST /exec/{id}/start. */
export const startWish = few({ Detach: mostly(fc.boolean()), Tty: mostly(fc.boolean()), ConsoleSize: anything });
