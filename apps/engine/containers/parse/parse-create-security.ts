import { BerthError } from '@berth/kit';
import { parseSeccompProfile } from '../spec/seccomp-custom.ts';

/** `--security-opt` taken apart. */
export interface SecurityOptions {
  noNewPrivileges: boolean;
  /** undefined: the engine's default; `unconfined`; else the text of a profile (JSON in Docker's format). */
  seccomp: string | undefined;
  /** undefined: the default of the host; `unconfined` or the name of a loaded profile. */
  apparmor: string | undefined;
}

/**
 * Errors: invalid (`invalid --security-opt 1: "x"`: no key and value; `2`: unknown key or value), not-supported
 * (AppArmor profile on a host without it, SELinux labels).
 */
export function checkSecurityOptions(options: readonly string[], apparmor: boolean): SecurityOptions {
  const parsed: SecurityOptions = { noNewPrivileges: false, seccomp: undefined, apparmor: undefined };
  for (const option of options) {
    if (option === 'no-new-privileges') parsed.noNewPrivileges = true;
    // Without SELinux there is no label to be switched off.
    else if (option !== 'disable') readOption(option, parsed, apparmor);
  }
  return parsed;
}

function readOption(option: string, parsed: SecurityOptions, apparmor: boolean): void {
  const [, key, value = ''] = /^([^=:]*)[=:]([\s\S]*)$/.exec(option) ?? [];
  if (key === undefined) throw invalid(1, option);
  if (key === 'no-new-privileges') {
    const given = booleanOf(value);
    if (given === undefined) throw invalid(2, option);
    parsed.noNewPrivileges = given;
  } else if (key === 'seccomp') {
    parsed.seccomp = value === '' || value === 'builtin' ? undefined : checkSeccomp(value);
  } else if (key === 'apparmor') {
    if (value !== 'unconfined' && value !== '' && !apparmor) {
      throw new BerthError(
        'not-supported',
        `AppArmor profile "${value}" cannot be applied: AppArmor is not enabled on this host`,
      );
    }
    parsed.apparmor = value || undefined;
  } else if (key === 'label') {
    if (value === 'disable') return;
    throw new BerthError(
      'not-supported',
      `--security-opt label=${value}: SELinux labels are not supported by this version of Berth`,
    );
  } else throw invalid(2, option);
}

function checkSeccomp(profile: string): string {
  if (profile !== 'unconfined') parseSeccompProfile(profile);
  return profile;
}

/** What Go's ParseBool takes. */
function booleanOf(value: string): boolean | undefined {
  if (/^(1|t|T|TRUE|true|True)$/.test(value)) return true;
  return /^(0|f|F|FALSE|false|False)$/.test(value) ? false : undefined;
}

function invalid(kind: 1 | 2, option: string): BerthError {
  return new BerthError('invalid', `invalid --security-opt ${kind}: ${JSON.stringify(option)}`);
}
