import type { ContainerConfig, HostConfig, Ulimit } from '@berth/contract';
import type { SecurityOptions } from '../parse/parse-create-security.ts';
import { checkOomScore, checkRaises } from '../parse/resources-ulimits.ts';
import type { ResolvedUser } from '../parse/user.ts';
import { INIT_PATH } from './mounts.ts';
import type { RuntimeProcess } from './runtime-spec.ts';

const DEFAULT_PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** The container's first process. */
export function resolveProcess(
  config: ContainerConfig,
  host: HostConfig,
  facts: { user: ResolvedUser; capabilities: string[]; security: SecurityOptions; init: boolean },
): RuntimeProcess {
  const command = [...(config.Entrypoint ?? []), ...(config.Cmd ?? [])];
  const [height, width] = host.ConsoleSize;
  return {
    terminal: config.Tty,
    ...(config.Tty && height > 0 && width > 0 ? { consoleSize: { height, width } } : {}),
    user: userOf(facts.user),
    args: facts.init ? [INIT_PATH, '--', ...command] : command,
    env: environment(config, facts.user.home),
    cwd: config.WorkingDir || '/',
    capabilities: capabilitySets(facts.capabilities),
    ...confinement(facts.security),
    ...processLimits(host),
  };
}

/** What `--security-opt` asks for, for every process of a container. */
export function confinement({
  noNewPrivileges,
  apparmor,
}: SecurityOptions): Pick<RuntimeProcess, 'noNewPrivileges' | 'apparmorProfile'> {
  return {
    noNewPrivileges,
    ...(apparmor === undefined || apparmor === 'unconfined' ? {} : { apparmorProfile: apparmor }),
  };
}

/** What every process of a container is limited by, the first one and those of exec. */
export function processLimits(host: HostConfig): Pick<RuntimeProcess, 'rlimits' | 'oomScoreAdj'> {
  checkOomScore(host.OomScoreAdj);
  return {
    ...(host.Ulimits?.length ? { rlimits: rlimits(host.Ulimits) } : {}),
    ...(host.OomScoreAdj === 0 ? {} : { oomScoreAdj: host.OomScoreAdj }),
  };
}

export function userOf(user: ResolvedUser): RuntimeProcess['user'] {
  return { uid: user.uid, gid: user.gid, additionalGids: user.additionalGids };
}

/** Nothing is inheritable or ambient: a program run by another user than root has no capability (CVE-2022-24769). */
export function capabilitySets(capabilities: string[]): RuntimeProcess['capabilities'] {
  return { bounding: capabilities, effective: capabilities, permitted: capabilities, inheritable: [], ambient: [] };
}

/** Docker's variables first, then the image's and the user's; a later one of the same name wins. */
export function environment(config: Pick<ContainerConfig, 'Hostname' | 'Tty' | 'Env'>, home: string): string[] {
  const own = [DEFAULT_PATH, `HOSTNAME=${config.Hostname}`, ...(config.Tty ? ['TERM=xterm'] : [])];
  return mergeEnvironment(own, [
    ...config.Env,
    ...(config.Env.some((v) => v.startsWith('HOME=')) ? [] : [`HOME=${home}`]),
  ]);
}

/** `NAME=value` replaces what has this name, `NAME` alone removes it, in place. */
export function mergeEnvironment(base: string[], over: string[]): string[] {
  const result = new Map(base.map((variable) => [nameOf(variable), variable]));
  for (const variable of over) {
    if (variable.includes('=')) result.set(nameOf(variable), variable);
    else result.delete(variable);
  }
  return [...result.values()];
}

function nameOf(variable: string): string {
  const at = variable.indexOf('=');
  return at < 0 ? variable : variable.slice(0, at);
}

/** Errors: invalid for what the engine may not grant. */
function rlimits(ulimits: Ulimit[]): { type: string; soft: number; hard: number }[] {
  checkRaises(ulimits);
  return ulimits.map(rlimit);
}

function rlimit({ Name, Soft, Hard }: Ulimit): { type: string; soft: number; hard: number } {
  return { type: `RLIMIT_${Name.toUpperCase()}`, soft: Soft, hard: Hard };
}
