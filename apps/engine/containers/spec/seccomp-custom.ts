import { release } from 'node:os';
import { BerthError } from '@berth/kit';
import { ARCHITECTURES, type SeccompProfile, type SeccompRule } from './seccomp.ts';

/** A profile in Docker's format (`--security-opt seccomp=FILE`), as far as it was checked. */
export interface DockerSeccompProfile {
  defaultAction: string;
  defaultErrnoRet?: number;
  architectures?: string[];
  archMap?: { architecture: string; subArchitectures?: string[] | null }[];
  flags?: string[];
  syscalls?: DockerSeccompRule[];
}

interface DockerSeccompRule {
  name?: string;
  names?: string[];
  action: string;
  errnoRet?: number;
  args?: SeccompRule['args'] | null;
  includes?: Conditions;
  excludes?: Conditions;
}

interface Conditions {
  caps?: string[];
  arches?: string[];
  minKernel?: string;
}

/** Reads the text of a profile. Errors: invalid (`Decoding seccomp profile failed: …`), not-supported (listeners). */
export function parseSeccompProfile(text: string): DockerSeccompProfile {
  let profile: unknown;
  try {
    profile = JSON.parse(text);
  } catch (cause) {
    throw new BerthError(
      'invalid',
      `Decoding seccomp profile failed: ${cause instanceof Error ? cause.message : cause}`,
      {
        hint: 'The API takes the profile itself, not the name of its file.',
        cause,
      },
    );
  }
  if (!isObject(profile)) throw wrong('not a JSON object');
  assertProfile(profile);
  return profile;
}

function assertProfile(
  profile: Record<string, unknown>,
): asserts profile is Record<string, unknown> & DockerSeccompProfile {
  if (typeof profile['defaultAction'] !== 'string') throw wrong('"defaultAction" is missing');
  if (profile['listenerPath'] !== undefined)
    throw new BerthError(
      'not-supported',
      'seccomp profiles with a listener are not supported by this version of Berth',
    );
  if (length(profile['architectures']) > 0 && length(profile['archMap']) > 0)
    throw new BerthError(
      'invalid',
      "both 'architectures' and 'archMap' are specified in the seccomp profile, use either 'architectures' or 'archMap'",
    );
  for (const name of ['architectures', 'flags'])
    if (!isOptional(profile[name], isTexts)) throw wrong(`"${name}" must be a list of texts`);
  if (!isOptional(profile['archMap'], (map) => isListOf(map, (entry) => typeof entry['architecture'] === 'string')))
    throw wrong('"archMap" must be a list of architectures');
  if (!isOptional(profile['syscalls'], (rules) => isListOf(rules, isRule)))
    throw wrong('a rule of "syscalls" is malformed');
}

/** The profile in the runtime's format, for a container with these capabilities on this host. */
export function customSeccompProfile(
  source: DockerSeccompProfile,
  capabilities: readonly string[],
  kernel = release(),
): SeccompProfile {
  const known = ARCHITECTURES[process.arch] ?? [];
  const own = source.archMap?.find((entry) => entry.architecture === known[0]);
  const applies = condition(new Set(capabilities), kernel);
  return {
    defaultAction: source.defaultAction,
    ...(source.defaultErrnoRet === undefined ? {} : { defaultErrnoRet: source.defaultErrnoRet }),
    architectures: own ? [own.architecture, ...(own.subArchitectures ?? [])] : (source.architectures ?? known),
    ...(source.flags === undefined ? {} : { flags: source.flags }),
    syscalls: (source.syscalls ?? []).filter(applies).map(({ name, names, action, errnoRet, args }) => ({
      names: names?.length ? names : name === undefined ? [] : [name],
      action,
      ...(errnoRet === undefined ? {} : { errnoRet }),
      ...(args?.length ? { args } : {}),
    })),
  };
}

/** Every capability that is named must be there to include, any of them excludes; so with architectures and kernels. */
function condition(has: Set<string>, kernel: string): (rule: DockerSeccompRule) => boolean {
  const architecture = process.arch === 'x64' ? 'amd64' : process.arch;
  return ({ includes = {}, excludes = {} }) => {
    if (includes.caps?.some((name) => !has.has(name)) || excludes.caps?.some((name) => has.has(name))) return false;
    if (includes.arches?.length && !includes.arches.includes(architecture)) return false;
    if (excludes.arches?.includes(architecture)) return false;
    if (includes.minKernel && !isAtLeast(kernel, includes.minKernel)) return false;
    return !(excludes.minKernel && isAtLeast(kernel, excludes.minKernel));
  };
}

/** Compares `6.1.0-13-amd64` with `4.8`: Docker knows two numbers. */
function isAtLeast(kernel: string, wanted: string): boolean {
  const [a = 0, b = 0] = kernel.split('.').map((part) => Number.parseInt(part, 10));
  const [c = 0, d = 0] = wanted.split('.').map((part) => Number.parseInt(part, 10));
  return a > c || (a === c && b >= d);
}

function isRule(rule: Record<string, unknown>): boolean {
  if (rule['name'] && length(rule['names']) > 0)
    throw new BerthError(
      'invalid',
      "both 'name' and 'names' are specified in the seccomp profile, use either 'name' or 'names'",
    );
  const named = typeof rule['name'] === 'string' || isTexts(rule['names']);
  return (
    named &&
    typeof rule['action'] === 'string' &&
    isOptional(rule['args'], isArguments) &&
    isOptional(rule['includes'], isConditions) &&
    isOptional(rule['excludes'], isConditions)
  );
}

function isArguments(list: unknown): boolean {
  return isListOf(
    list,
    (entry) =>
      typeof entry['index'] === 'number' && typeof entry['value'] === 'number' && typeof entry['op'] === 'string',
  );
}

function isConditions(value: unknown): boolean {
  return (
    isObject(value) &&
    isOptional(value['caps'], isTexts) &&
    isOptional(value['arches'], isTexts) &&
    isOptional(value['minKernel'], (text) => typeof text === 'string' && /^\d+\.\d+$/.test(text))
  );
}

function isOptional(value: unknown, check: (value: unknown) => boolean): boolean {
  return value === undefined || value === null || check(value);
}

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((entry) => typeof entry === 'string');
}

function isListOf(value: unknown, check: (entry: Record<string, unknown>) => boolean): boolean {
  return Array.isArray(value) && value.every((entry) => isObject(entry) && check(entry));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function length(value: unknown): number {
  return Array.isArray(value) ? value.length : 0;
}

function wrong(reason: string): BerthError {
  return new BerthError('invalid', `Decoding seccomp profile failed: ${reason}`);
}
