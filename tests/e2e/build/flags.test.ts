import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clientProgram } from '../../support/client.ts';
import { type CommandResult, run } from '../../support/docker.ts';
import { startTestEngine, type TestEngine } from '../../support/engine.ts';
import { busyboxImage, dockerArchive } from '../../support/images.ts';

let engine: TestEngine;
let folder: string;
beforeAll(async () => {
  engine = await startTestEngine();
  folder = mkdtempSync(join(tmpdir(), 'berth-build-flags-'));
  const loaded = await engine.request('POST', '/images/load?quiet=1', {
    body: dockerArchive([busyboxImage(['busybox:latest'])]),
    headers: { 'content-type': 'application/x-tar' },
  });
  expect(loaded.status).toBe(200);
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await engine?.stop();
});

type Client = 'berth' | 'docker';
function client(name: Client, args: string[], env: Record<string, string> = {}): Promise<CommandResult> {
  const own = { DOCKER_HOST: engine.host, HOME: folder, DOCKER_CONFIG: folder, DOCKER_BUILDKIT: '0' };
  return run(clientProgram(name), args, { cwd: folder, env: { ...own, ...env } });
}

let count = 0;
/** Builds a Dockerfile; gives what was printed. */
async function build(name: Client, dockerfile: string, ...flags: string[]): Promise<string> {
  const path = join(folder, `c${++count}`);
  mkdirSync(path);
  writeFileSync(join(path, 'Dockerfile'), dockerfile);
  const { code, stdout, stderr } = await client(name, ['build', ...flags, path]);
  expect(code, stdout + stderr).toBe(0);
  return stdout;
}

const inspect = async (image: string, format: string) =>
  (await client('berth', ['image', 'inspect', '-f', format, image])).stdout.trim();

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
  [['--network', 'none'], 'ip -o link | wc -l', /^1$/m],
  [['--build-arg', 'GIVEN=by-flag'], 'echo "<$GIVEN>"', /^<by-flag>$/m],
  [['--build-arg', 'FROM_HERE'], 'echo "<$FROM_HERE>"', /^<of the environment>$/m],
];

describe.each<Client>(['berth', 'docker'])('flags of build by %s', (name) => {
  it.each(INSIDE)('%j is seen by its steps', async (flags, command, prints) => {
    const dockerfile = `FROM busybox\nARG GIVEN\nARG FROM_HERE\nRUN ${command}\n`;
    const path = join(folder, `c${++count}`);
    mkdirSync(path);
    writeFileSync(join(path, 'Dockerfile'), dockerfile);
    const { code, stdout, stderr } = await client(name, ['build', '--no-cache', ...flags, path], {
      FROM_HERE: 'of the environment',
    });
    expect(code, stdout + stderr).toBe(0);
    expect(stdout).toMatch(prints);
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
    const path = join(folder, `c${++count}`);
    mkdirSync(path);
    writeFileSync(join(path, 'Dockerfile'), 'FROM busybox\nRUN true\n');
    const { code, stderr } = await client(name, ['build', '--no-cache', ...flags, path]);
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
    const path = join(folder, `c${++count}`);
    mkdirSync(path);
    writeFileSync(join(path, 'Dockerfile'), 'FROM busybox\n');
    const { code, stderr } = await client('berth', ['build', ...flags, path]);
    expect([code, stderr]).toEqual([1, expect.stringContaining(why)]);
  });
});
