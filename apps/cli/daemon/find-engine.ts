import { readFileSync } from 'node:fs';

/** A process that is an engine, and the options it was started with. */
export interface RunningEngine {
  pid: number;
  options: string[];
}

const DEFAULT_EXEC_ROOT = '/run/berth';

/** The engine that `options` (its own command line's) name by their exec root; undefined when none runs. */
export function findEngine(options: readonly string[]): RunningEngine | undefined {
  const pid = Number(read(`${execRoot(options)}/berth.pid`)?.trim());
  if (!Number.isSafeInteger(pid) || pid <= 0) return undefined;
  const words = read(`/proc/${pid}/cmdline`)?.split('\0').slice(0, -1) ?? [];
  // A number that outlived its engine may be anyone's by now.
  const main = words.findIndex((word) => /\/engine\/main\.(ts|mjs)$/.test(word));
  return main < 0 ? undefined : { pid, options: words.slice(main + 1) };
}

/** The first address that an engine with these options listens at; a unix socket before others. */
export function engineHost(options: readonly string[]): string {
  const flag = value(options, ['--host', '-H']);
  if (flag !== undefined) return flag;
  const { hosts } = settings(options);
  const told = Array.isArray(hosts) ? hosts.filter((host): host is string => typeof host === 'string') : [];
  return told.find((host) => host.startsWith('unix://')) ?? told[0] ?? `unix://${execRoot(options)}/berth.sock`;
}

/** Where the output of an engine in the background goes: beside its socket when it is not the one of the system. */
export function engineLog(options: readonly string[]): string {
  const root = execRoot(options);
  return root === DEFAULT_EXEC_ROOT ? '/var/log/berth/engine.log' : `${root}/engine.log`;
}

/** True when the options say no more than which engine is meant. */
export function namesOnly(options: readonly string[]): boolean {
  const rest = [...options];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    const [, name, value] = /^--(exec-root|config-file)(=.*)?$/.exec(word) ?? [];
    if (name === undefined) return false;
    if (value === undefined) rest.shift();
  }
  return true;
}

function execRoot(options: readonly string[]): string {
  const told = value(options, ['--exec-root']) ?? settings(options)['exec-root'];
  return typeof told === 'string' ? told.replace(/(.)\/+$/, '$1') : DEFAULT_EXEC_ROOT;
}

/** The engine's configuration file; the engine itself says what is wrong with it. */
function settings(options: readonly string[]): Record<string, unknown> {
  try {
    const file: unknown = JSON.parse(read(value(options, ['--config-file']) ?? '/etc/berth/daemon.json') ?? '');
    return typeof file === 'object' && file !== null ? { ...file } : {};
  } catch {
    return {};
  }
}

function value(options: readonly string[], names: readonly string[]): string | undefined {
  for (const [index, option] of options.entries()) {
    if (names.includes(option)) return options[index + 1];
    const name = names.find((candidate) => option.startsWith(`${candidate}=`));
    if (name) return option.slice(name.length + 1);
  }
  return undefined;
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined; // no engine, or it has just ended
  }
}
