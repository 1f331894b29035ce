import profile from './seccomp-default.json' with { type: 'json' };

/** `linux.seccomp` of the OCI runtime specification. */
export interface SeccompProfile {
  defaultAction: string;
  defaultErrnoRet?: number;
  architectures?: string[];
  flags?: string[];
  syscalls?: SeccompRule[];
}

export interface SeccompRule {
  names: string[];
  action: string;
  errnoRet?: number;
  args?: { index: number; value: number; valueTwo?: number; op: string }[];
}

const ALLOW = 'SCMP_ACT_ALLOW';
/** What a host of this architecture runs besides its own calls, its own first. */
export const ARCHITECTURES: Record<string, string[]> = {
  x64: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86', 'SCMP_ARCH_X32'],
  arm64: ['SCMP_ARCH_AARCH64', 'SCMP_ARCH_ARM'],
};

/**
 * The default profile for a container with these capabilities (`CAP_…`). What depends on a capability is a matter of
 * the capability alone: a process without it is refused by the kernel anyway, and the filter then hides the call's code.
 */
export function defaultSeccompProfile(capabilities: readonly string[]): SeccompProfile {
  const has = new Set(capabilities);
  const names = new Set(profile.always);
  const byArchitecture: Record<string, string[]> = profile.byArchitecture;
  for (const name of byArchitecture[process.arch === 'x64' ? 'amd64' : process.arch] ?? []) names.add(name);
  for (const [capability, calls] of Object.entries(profile.byCapability)) {
    if (has.has(capability)) for (const name of calls) names.add(name);
  }
  return {
    defaultAction: 'SCMP_ACT_ERRNO',
    defaultErrnoRet: 1,
    architectures: ARCHITECTURES[process.arch] ?? [],
    syscalls: [{ names: [...names], action: ALLOW }, ...conditionalRules(has.has('CAP_SYS_ADMIN'))],
  };
}

function conditionalRules(admin: boolean): SeccompRule[] {
  const rules: SeccompRule[] = profile.personalities.map((value) => ({
    names: ['personality'],
    action: ALLOW,
    args: [{ index: 0, value, op: 'SCMP_CMP_EQ' }],
  }));
  for (const value of profile.deniedSocketFamilies) {
    rules.push({ names: ['socket'], action: ALLOW, args: [{ index: 0, value, op: 'SCMP_CMP_NE' }] });
  }
  if (!admin) {
    // New threads and processes, no new namespaces. clone3's flags are behind a pointer that a filter cannot follow:
    // "no such call" makes the C library fall back to clone.
    rules.push({
      names: ['clone'],
      action: ALLOW,
      args: [{ index: 0, value: profile.cloneNamespaceFlags, valueTwo: 0, op: 'SCMP_CMP_MASKED_EQ' }],
    });
    rules.push({ names: ['clone3'], action: 'SCMP_ACT_ERRNO', errnoRet: 38 });
  }
  return rules;
}
