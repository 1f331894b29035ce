import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BuildPlace, type Client, openBuildPlace } from '../../support/build-place.ts';
import { CGROUP_V2 } from '../../support/cgroup-file.ts';

let place: BuildPlace;
beforeAll(async () => {
  place = await openBuildPlace();
});
afterAll(() => place?.[Symbol.asyncDispose]());

const CLASSIC = { DOCKER_BUILDKIT: '0' };
/** Builds a Dockerfile, whatever comes of it. */
const tried = (name: Client, dockerfile: string, flags: readonly string[], env: Record<string, string> = {}) =>
  place.client(['build', ...flags, place.context({ Dockerfile: dockerfile })], {
    client: name,
    env: { ...CLASSIC, ...env },
  });

/** Builds a Dockerfile; gives what was printed. */
async function build(name: Client, dockerfile: string, ...flags: string[]): Promise<string> {
  const { code, stdout, stderr } = await tried(name, dockerfile, flags, { FROM_HERE: 'of the environment' });
  expect(code, stdout + stderr).toBe(0);
  return stdout;
}

const inspect = async (image: string, format: string) =>
  (await place.ok(['image', 'inspect', '-f', format, image])).stdout.trim();

/** Flag, what a step runs to see it, what it then prints. */
const INSIDE: readonly (readonly [flags: string[], command: string, prints: RegExp])[] = [
  [
    ['--memory', '64m'],
    'cat /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null || cat /sys/fs/cgroup/memory.max',
    /^67108864$/m,
  ],
  [
    ['--cpu-shares', '300'],
    'cat /sys/fs/cgroup/cpu/cpu.shares 2>/dev/null || cat /sys/fs/cgroup/cpu.weight',
    /^(?:300|12)$/m,
  ],
  [
    ['--cpu-period', '50000', '--cpu-quota', '20000'],
    'cat /sys/fs/cgroup/cpu/cpu.cfs_quota_us 2>/dev/null || cat /sys/fs/cgroup/cpu.max',
    /^20000(?: 50000)?$/m,
  ],
  [['--cpuset-cpus', '0'], 'grep Cpus_allowed_list /proc/self/status', /Cpus_allowed_list:\s+0$/m],
  [['--ulimit', 'nofile=100:200'], 'ulimit -Sn; ulimit -Hn', /^100\n200$/m],
  [['--shm-size', '10m'], 'df -k /dev/shm | tail -1', /\s10240\s/],
  [['--add-host', 'there:1.2.3.4'], 'cat /etc/hosts', /^1\.2\.3\.4\s+there$/m],
  [['--cpuset-mems', '0'], 'grep Mems_allowed_list /proc/self/status', /Mems_allowed_list:\s+0$/m],
  [['--security-opt', 'seccomp=unconfined'], 'grep Seccomp: /proc/self/status', /^Seccomp:\s+0$/m],
  [['--network', 'none'], 'ip -o link | wc -l', /^1$/m],
  [['--build-arg', 'GIVEN=by-flag'], 'echo "<$GIVEN>"', /^<by-flag>$/m],
  [['--build-arg', 'FROM_HERE'], 'echo "<$FROM_HERE>"', /^<of the environment>$/m],
];

describe.each<Client>(['berth', 'docker'])('flags of build by %s', (name) => {
  it.each(INSIDE)('%j is seen by its steps', async (flags, command, prints) => {
    const dockerfile = `FROM busybox\nARG GIVEN\nARG FROM_HERE\nRUN ${command}\n`;
    expect(await build(name, dockerfile, '--no-cache', ...flags)).toMatch(prints);
  });

  // There is one node of memory here, perhaps: then only that the others are refused tells that the flag is heard.
  it('--cpuset-mems: nodes that are not there are refused', async () => {
    const { code, stderr } = await tried(name, 'FROM busybox\nRUN true\n', ['--no-cache', '--cpuset-mems', '63']);
    expect([code, stderr]).toEqual([1, expect.stringMatching(/memory nodes are not available - requested 63,/)]);
  });

  it('--security-opt: without it, steps are confined', async () => {
    const seen = 'FROM busybox\nRUN grep -E "^(Seccomp|NoNewPrivs):" /proc/self/status\n';
    expect(await build(name, seen, '--no-cache')).toMatch(/^NoNewPrivs:\s+0\nSeccomp:\s+2$/m);
    expect(await build(name, seen, '--no-cache', '--security-opt', 'no-new-privileges')).toMatch(
      /^NoNewPrivs:\s+1\nSeccomp:\s+2$/m,
    );
  });

  it('--cgroup-parent: is where the groups of its steps are', async (t) => {
    if (CGROUP_V2) return t.skip('version 2 of control groups: a step sees its own group as the root');
    const parent = `${place.engine.cgroupParent}-build`;
    const text = await build(
      name,
      'FROM busybox\nRUN cat /proc/self/cgroup\n',
      '--no-cache',
      '--cgroup-parent',
      parent,
    );
    expect(text).toMatch(new RegExp(`:memory:${parent}/[0-9a-f]{64}$`, 'm'));
  });

  it('--memory-swap: is a limit of its steps', async (t) => {
    const dockerfile = `FROM busybox\nRUN cd /sys/fs/cgroup; cat memory/memory.memsw.limit_in_bytes 2>/dev/null || cat memory.swap.max || echo none\n`;
    const text = await build(name, dockerfile, '--no-cache', '--memory', '64m', '--memory-swap', '96m');
    if (/^none$/m.test(text)) return t.skip('this kernel does not account swap');
    expect(text).toMatch(CGROUP_V2 ? /^33554432$/m : /^100663296$/m);
  });

  it('--label, several --tag, --target', async () => {
    const dockerfile = 'FROM busybox AS one\nLABEL stage=one\nFROM one\nLABEL stage=two\n';
    await build(name, dockerfile, '-t', `${name}-a:1`, '-t', `${name}-b`, '--label', 'given=x y', '--target', 'one');
    expect(await inspect(`${name}-a:1`, '{{.Config.Labels.stage}} {{.Config.Labels.given}}')).toBe('one x y');
    expect(await inspect(`${name}-b:latest`, '{{.Id}}')).toBe(await inspect(`${name}-a:1`, '{{.Id}}'));
  });

  it('--no-cache', async () => {
    const dockerfile = `FROM busybox\nRUN echo ${name} > /x\n`;
    await build(name, dockerfile);
    expect(await build(name, dockerfile)).toContain(' ---> Using cache\n');
    expect(await build(name, dockerfile, '--no-cache')).not.toContain('Using cache');
  });

  it.each([
    ['--platform', 'windows/amd64'],
    ['--network', 'no-such-network'],
    ['--target', 'nowhere'],
  ])('%s %s is refused', async (...flags) => {
    const { code, stderr } = await tried(name, 'FROM busybox\nRUN true\n', ['--no-cache', ...flags]);
    expect([code, stderr]).toEqual([1, expect.stringMatching(/\w/)]);
  });
});

describe('flags that only berth has', () => {
  it('--no-cache-filter builds the named stages anew', async () => {
    const dockerfile =
      'FROM busybox AS one\nRUN echo one\nFROM busybox AS two\nRUN echo two\nFROM two\nCOPY --from=one /etc/passwd /p\n';
    await build('berth', dockerfile, '-t', 'filtered');
    const text = await build('berth', dockerfile, '-t', 'filtered', '--no-cache-filter', 'two');
    expect(text).toMatch(/RUN echo one\n ---> Using cache/);
    expect(text).toMatch(/RUN echo two\n ---> Running in/);
  });

  it('--resource is another way to say limits', async () => {
    const text = await build(
      'berth',
      'FROM busybox\nRUN cat /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null || cat /sys/fs/cgroup/memory.max\n',
      '--resource',
      'memory=48m',
      '--no-cache',
    );
    expect(text).toMatch(/^50331648$/m);
  });

  it.each([
    [['--cache-to', 'type=s3,bucket=x'], 'is not supported'],
    [['--output', 'type=nonsense'], 'could not be found'],
    [['--sbom', 'true'], 'it makes no attestations'],
  ])('%j is refused by name', async (flags, why) => {
    const { code, stderr } = await tried('berth', 'FROM busybox\n', flags);
    expect([code, stderr]).toEqual([1, expect.stringContaining(why)]);
  });
});
