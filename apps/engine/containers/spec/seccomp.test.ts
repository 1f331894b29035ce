import { describe, expect, test } from 'vitest';
import { defaultSeccompProfile } from './seccomp.ts';
import { customSeccompProfile, parseSeccompProfile } from './seccomp-custom.ts';

const allowed = (capabilities: string[]) =>
  new Set(
    defaultSeccompProfile(capabilities)
      .syscalls!.filter(({ action, args }) => action === 'SCMP_ACT_ALLOW' && !args)
      .flatMap(({ names }) => names),
  );

describe('the default profile', () => {
  test('refuses by default, with EPERM', () => {
    expect(defaultSeccompProfile([])).toMatchObject({ defaultAction: 'SCMP_ACT_ERRNO', defaultErrnoRet: 1 });
  });

  test('allows everyday calls and none that reach out', () => {
    const calls = allowed([]);
    for (const name of ['read', 'execve', 'futex', 'ptrace', 'openat2', 'io_setup', 'rseq'])
      expect(calls, name).toContain(name);
    for (const name of [
      'mount',
      'unshare',
      'setns',
      'bpf',
      'keyctl',
      'add_key',
      'kexec_load',
      'init_module',
      'io_uring_setup',
      'userfaultfd',
      'clone',
      'clone3',
      'socket',
      'personality',
      'reboot',
      'swapon',
    ])
      expect(calls, name).not.toContain(name);
  });

  test.each([
    ['CAP_SYS_ADMIN', ['mount', 'unshare', 'clone', 'clone3', 'setns']],
    ['CAP_SYS_CHROOT', ['chroot']],
    ['CAP_SYS_MODULE', ['init_module']],
    ['CAP_SYS_TIME', ['settimeofday']],
    ['CAP_SYSLOG', ['syslog']],
    ['CAP_BPF', ['bpf']],
  ])('%s widens it', (capability, names) => {
    for (const name of names) {
      expect(allowed([]), name).not.toContain(name);
      expect(allowed([capability]), name).toContain(name);
    }
  });

  test('clone3 is no such call for those who may not make namespaces', () => {
    const rule = defaultSeccompProfile([]).syscalls!.find(({ names }) => names.includes('clone3'));
    expect(rule).toEqual({ names: ['clone3'], action: 'SCMP_ACT_ERRNO', errnoRet: 38 });
  });
});

describe("a profile of the user's", () => {
  const profile = (syscalls: object[], more: object = {}) =>
    parseSeccompProfile(JSON.stringify({ defaultAction: 'SCMP_ACT_ERRNO', syscalls, ...more }));
  const names = (rules: object[], capabilities: string[] = [], kernel = '6.1.0-13-amd64') =>
    customSeccompProfile(profile(rules), capabilities, kernel).syscalls!.flatMap((rule) => rule.names);
  const rule = (name: string, conditions: object) => ({ names: [name], action: 'SCMP_ACT_ALLOW', ...conditions });

  test('rules hold for capabilities, architectures and kernels', () => {
    const own = process.arch === 'x64' ? 'amd64' : process.arch;
    const rules = [
      rule('always', {}),
      rule('needs', { includes: { caps: ['CAP_A', 'CAP_B'] } }),
      rule('without', { excludes: { caps: ['CAP_A', 'CAP_C'] } }),
      rule('here', { includes: { arches: [own] } }),
      rule('elsewhere', { includes: { arches: ['s390x'] } }),
      rule('nothere', { excludes: { arches: [own] } }),
      rule('old', { includes: { minKernel: '4.8' } }),
      rule('same', { includes: { minKernel: '6.1' } }),
      rule('new', { includes: { minKernel: '6.2' } }),
      rule('before', { excludes: { minKernel: '6.2' } }),
    ];
    expect(names(rules)).toEqual(['always', 'without', 'here', 'old', 'same', 'before']);
    expect(names(rules, ['CAP_A'])).toEqual(['always', 'here', 'old', 'same', 'before']);
    expect(names(rules, ['CAP_A', 'CAP_B'])).toContain('needs');
    expect(names(rules, [], '10.0')).toContain('new');
  });

  test('members are kept, one name is a list of one', () => {
    const args = [{ index: 0, value: 1, op: 'SCMP_CMP_EQ' }];
    const made = customSeccompProfile(
      profile([{ name: 'one', action: 'SCMP_ACT_ERRNO', errnoRet: 5, args }], {
        defaultErrnoRet: 7,
        flags: ['SECCOMP_FILTER_FLAG_LOG'],
      }),
      [],
    );
    expect(made).toMatchObject({
      defaultErrnoRet: 7,
      flags: ['SECCOMP_FILTER_FLAG_LOG'],
      syscalls: [{ names: ['one'], action: 'SCMP_ACT_ERRNO', errnoRet: 5, args }],
    });
  });

  test.each([
    ['', /^Decoding seccomp profile failed: /],
    ['/path', /^Decoding seccomp profile failed: /],
    ['[]', /not a JSON object/],
    ['{}', /"defaultAction" is missing/],
    ['{"defaultAction":"x","syscalls":5}', /a rule of "syscalls" is malformed/],
    ['{"defaultAction":"x","syscalls":[null]}', /a rule of "syscalls" is malformed/],
    ['{"defaultAction":"x","syscalls":[{"names":["a"]}]}', /a rule of "syscalls" is malformed/],
    [
      '{"defaultAction":"x","syscalls":[{"names":["a"],"action":"y","args":[{}]}]}',
      /a rule of "syscalls" is malformed/,
    ],
    [
      '{"defaultAction":"x","syscalls":[{"names":["a"],"action":"y","includes":{"minKernel":"new"}}]}',
      /a rule of "syscalls" is malformed/,
    ],
    [
      '{"defaultAction":"x","syscalls":[{"name":"a","names":["b"],"action":"y"}]}',
      /both 'name' and 'names' are specified/,
    ],
    [
      '{"defaultAction":"x","architectures":["a"],"archMap":[{"architecture":"b"}]}',
      /both 'architectures' and 'archMap' are specified/,
    ],
    ['{"defaultAction":"x","listenerPath":"/run/s"}', /listener/],
  ])('%s is refused', (text, reason) => {
    expect(() => parseSeccompProfile(text)).toThrow(reason);
  });
});
