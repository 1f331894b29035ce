import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Containers, startContainers } from '../../support/containers.ts';
import { unframe } from '../../support/hijack.ts';
import { busyboxImage } from '../../support/images.ts';
import { type SystemCall, systemCallProgram, systemCallResults } from '../../support/system-calls.ts';

const [EPERM, ENOSYS] = [-1, -38];
const NEW_USER_NAMESPACE = 0x10000000;

/**
 * System calls with arguments that the kernel refuses for another reason than EPERM, or accepts without effect, so that
 * EPERM and ENOSYS are the filter's. The third member: what the default profile of Docker 28 makes of it.
 */
const CALLS: (SystemCall & { docker: 'refused' | 'no such call' | 'passed' })[] = [
  { name: 'unshare', number: 272, arguments: [0], docker: 'refused' },
  { name: 'mount', number: 165, docker: 'refused' },
  { name: 'umount2', number: 166, docker: 'refused' },
  { name: 'setns', number: 308, arguments: [-1], docker: 'refused' },
  { name: 'pivot_root', number: 155, docker: 'refused' },
  { name: 'keyctl', number: 250, arguments: [9999], docker: 'refused' },
  { name: 'add_key', number: 248, docker: 'refused' },
  { name: 'request_key', number: 249, docker: 'refused' },
  { name: 'bpf', number: 321, arguments: [9999], docker: 'refused' },
  { name: 'perf_event_open', number: 298, docker: 'refused' },
  { name: 'userfaultfd', number: 323, arguments: [0xffff], docker: 'refused' },
  { name: 'open_by_handle_at', number: 304, docker: 'refused' },
  { name: 'io_uring_setup', number: 425, docker: 'refused' },
  { name: 'fsopen', number: 430, docker: 'refused' },
  { name: 'open_tree', number: 428, arguments: [-1], docker: 'refused' },
  { name: 'move_mount', number: 429, arguments: [-1, 0, -1], docker: 'refused' },
  { name: 'kcmp', number: 312, docker: 'refused' },
  { name: 'get_mempolicy', number: 239, docker: 'refused' },
  { name: 'personality: no randomisation', number: 135, arguments: [0x40000], docker: 'refused' },
  { name: 'socket: AF_VSOCK', number: 41, arguments: [40, 99, 0], docker: 'refused' },
  { name: 'clone: new user namespace', number: 56, arguments: [NEW_USER_NAMESPACE | 0x10000], docker: 'refused' },
  { name: 'clone3', number: 435, docker: 'no such call' },
  { name: 'personality: ask', number: 135, arguments: [0xffffffff], docker: 'passed' },
  { name: 'personality: 32 bits', number: 135, arguments: [0x0008], docker: 'passed' },
  { name: 'personality: back', number: 135, arguments: [0], docker: 'passed' },
  { name: 'clone: bad flags', number: 56, arguments: [0x10000], docker: 'passed' }, // CLONE_THREAD alone is invalid
  { name: 'ptrace', number: 101, arguments: [9999, -1], docker: 'passed' },
  { name: 'process_vm_readv', number: 310, arguments: [-1], docker: 'passed' },
  { name: 'socket: AF_UNIX', number: 41, arguments: [1, 1, 0], docker: 'passed' },
  { name: 'socket: AF_INET', number: 41, arguments: [2, 1, 0], docker: 'passed' },
  { name: 'socket: AF_NETLINK', number: 41, arguments: [16, 3, 0], docker: 'passed' },
  { name: 'chroot', number: 161, docker: 'passed' },
  { name: 'mknodat', number: 259, docker: 'passed' },
  { name: 'openat2', number: 437, docker: 'passed' },
  { name: 'pidfd_open', number: 434, arguments: [-1], docker: 'passed' },
  { name: 'arch_prctl', number: 158, arguments: [0], docker: 'passed' },
  { name: 'landlock_create_ruleset', number: 444, docker: 'passed' },
  { name: 'memfd_create', number: 319, docker: 'passed' },
];

let c: Containers;
beforeAll(async () => {
  const program = { path: 'calls', content: systemCallProgram(CALLS), mode: 0o755 };
  const calls = [{ name: 'geteuid', number: 107 }];
  const setuid = { path: 'euid', content: systemCallProgram(calls), mode: 0o4755 };
  c = await startContainers({ images: [busyboxImage(['calls:1'], { files: [program, setuid] })] });
});
afterAll(() => c.engine.stop());

type Answers = Record<string, number>;

async function inRun(HostConfig: Record<string, unknown> = {}): Promise<Answers> {
  const id = await c.begin(['/calls'], { Image: 'calls:1', HostConfig });
  expect(await c.wait(id)).toBe(0);
  const { body } = await c.ask('GET', `/containers/${id}/logs?stdout=1`);
  return systemCallResults(CALLS, unframe(body).stdout);
}

async function inExec(HostConfig: Record<string, unknown> = {}, wish: object = {}): Promise<Answers> {
  const id = await c.begin(['sleep', '600'], { Image: 'calls:1', HostConfig });
  const stream = await c.execStart(await c.execCreate(id, ['/calls'], wish));
  const { stdout } = unframe(await stream.ended);
  stream.destroy();
  return systemCallResults(CALLS, stdout);
}

/** What of the answers the filter gave. */
const verdicts = (answers: Answers) =>
  Object.fromEntries(
    Object.entries(answers).map(([name, answer]) => [
      name,
      answer === EPERM ? 'refused' : answer === ENOSYS ? 'no such call' : 'passed',
    ]),
  );
const DOCKER = Object.fromEntries(CALLS.map(({ name, docker }) => [name, docker]));

describe.runIf(process.arch === 'x64').concurrent('the filter of system calls', () => {
  test.each(['crun', 'runc'])("is Docker's default, in run and exec, by %s", async (Runtime) => {
    expect(verdicts(await inRun({ Runtime }))).toEqual(DOCKER);
    expect(verdicts(await inRun({ Runtime }))).toEqual(DOCKER); // the second time compiled beforehand, where the runtime can
    expect(verdicts(await inExec({ Runtime }))).toEqual(DOCKER);
  });

  test('widens with capabilities, as with Docker', async () => {
    const admin = verdicts(await inRun({ CapAdd: ['SYS_ADMIN'] }));
    const widened = [
      'unshare',
      'mount',
      'umount2',
      'setns',
      'bpf',
      'perf_event_open',
      'fsopen',
      'open_tree',
      'move_mount',
      'clone3',
    ];
    for (const name of [...widened, 'clone: new user namespace']) expect(admin[name], name).toBe('passed');
    for (const name of ['keyctl', 'io_uring_setup', 'userfaultfd', 'socket: AF_VSOCK', 'kcmp'])
      expect(admin[name], name).toBe('refused');
    const none = verdicts(await inRun({ CapDrop: ['ALL'] }));
    expect(none['chroot']).toBe('refused');
    expect(verdicts(await inExec({}, { Privileged: true }))['keyctl']).toBe('refused');
  });

  test('unconfined and privileged: none', async () => {
    for (const HostConfig of [{ SecurityOpt: ['seccomp=unconfined'] }, { Privileged: true }]) {
      const answers = verdicts(await inRun(HostConfig));
      for (const name of ['unshare', 'keyctl', 'clone3', 'personality: no randomisation', 'get_mempolicy'])
        expect(answers[name], name).toBe('passed');
      expect(verdicts(await inExec(HostConfig))['keyctl']).toBe('passed');
    }
  });

  test("a profile of the user's, in Docker's format", async () => {
    const profile = {
      defaultAction: 'SCMP_ACT_ALLOW',
      archMap: [{ architecture: 'SCMP_ARCH_X86_64', subArchitectures: ['SCMP_ARCH_X86'] }],
      syscalls: [
        { names: ['keyctl'], action: 'SCMP_ACT_ERRNO', errnoRet: 5 },
        { names: ['chroot'], action: 'SCMP_ACT_ERRNO', errnoRet: 6, includes: { caps: ['CAP_SYS_ADMIN'] } },
        { names: ['mknodat'], action: 'SCMP_ACT_ERRNO', errnoRet: 7, excludes: { caps: ['CAP_SYS_ADMIN'] } },
        { names: ['openat2'], action: 'SCMP_ACT_ERRNO', errnoRet: 8, includes: { minKernel: '4.8' } },
        { names: ['memfd_create'], action: 'SCMP_ACT_ERRNO', errnoRet: 9, includes: { minKernel: '999.0' } },
        {
          names: ['socket'],
          action: 'SCMP_ACT_ERRNO',
          errnoRet: 10,
          args: [{ index: 0, value: 1, op: 'SCMP_CMP_EQ' }],
        },
      ],
    };
    for (const answers of [
      await inRun({ SecurityOpt: [`seccomp=${JSON.stringify(profile)}`] }),
      await inExec({ SecurityOpt: [`seccomp=${JSON.stringify(profile)}`] }),
    ]) {
      expect(answers).toMatchObject({ keyctl: -5, mknodat: -7, openat2: -8, 'socket: AF_UNIX': -10 });
      expect(answers['chroot']).not.toBe(-6);
      expect(answers['memfd_create']).not.toBe(-9);
      expect(answers['unshare']).toBe(0);
    }
    const privileged = await inRun({ Privileged: true, SecurityOpt: [`seccomp=${JSON.stringify(profile)}`] });
    expect(privileged['keyctl']).toBe(-5);
    const refused = (text: string) =>
      c.refusal('POST', '/containers/create', { Image: 'calls:1', HostConfig: { SecurityOpt: [`seccomp=${text}`] } });
    expect(await refused('/no/file.json')).toMatch(/^400 Decoding seccomp profile failed/);
    expect(await refused(JSON.stringify({ ...profile, architectures: ['SCMP_ARCH_X86'] }))).toMatch(
      /^400 .*either.*archMap|^400 .*archMap.*either/,
    );
  });
});

test.runIf(process.arch === 'x64')('set-user-ID gives root to a user, unless new privileges are off', async () => {
  const euid = async (SecurityOpt: string[]) => {
    const id = await c.begin(['/euid'], { Image: 'calls:1', User: '1234', HostConfig: { SecurityOpt } });
    await c.wait(id);
    const { body } = await c.ask('GET', `/containers/${id}/logs?stdout=1`);
    return Number(unframe(body).stdout.readBigInt64LE(0));
  };
  expect(await euid([])).toBe(0);
  expect(await euid(['no-new-privileges'])).toBe(1234);
});
