import { posix } from 'node:path';
import { BerthError } from '@berth/kit';
import type { ImageRunConfig } from '../model.ts';
import { parseHealthcheck } from './healthcheck.ts';
import { expand, pairs, words } from './words.ts';

export interface ChangeOptions {
  /** Throws for names of signals that do not exist. */
  checkSignal?: (signal: string) => void;
}

/**
 * Applies Dockerfile instructions (`--change`) to a configuration: CMD, ENTRYPOINT, ENV, EXPOSE, HEALTHCHECK, LABEL,
 * ONBUILD, STOPSIGNAL, USER, VOLUME, WORKDIR. As in a Dockerfile an entrypoint takes away the command of before, and
 * variables of the configuration stand for their values. Errors: invalid, in the words of Docker's parser.
 */
export function applyChanges(
  config: ImageRunConfig,
  changes: readonly string[],
  { checkSignal }: ChangeOptions = {},
): ImageRunConfig {
  const parsed = changes.flatMap((change) => change.split('\n').reduce(joinLines, [] as string[])).map(parseLine);
  // All are looked at first, as by Docker: one that is unknown is said before one that is wrong.
  for (const { name, written } of parsed) {
    if (!Object.hasOwn(INSTRUCTIONS, name)) {
      throw new BerthError('invalid', `${written} is not a valid change command`, {
        hint: `A change is one of ${Object.keys(INSTRUCTIONS).join(', ')} with its argument.`,
      });
    }
  }
  const state: State = { config: { ...config }, commandSet: false, checkSignal };
  for (const { name, argument } of parsed) {
    if (argument === '') throw new BerthError('invalid', `${name} requires ${NEEDS[name] ?? 'at least one argument'}`);
    INSTRUCTIONS[name]!(state, argument);
  }
  return state.config;
}

interface State {
  config: ImageRunConfig;
  /** An entrypoint that comes later leaves such a command alone. */
  commandSet: boolean;
  checkSignal: ((signal: string) => void) | undefined;
}

const NEEDS: Record<string, string> = {
  STOPSIGNAL: 'exactly one argument',
  USER: 'exactly one argument',
  WORKDIR: 'exactly one argument',
};

/** Comments and empty lines go; a backslash at the end goes on in the next line. */
function joinLines(lines: string[], line: string): string[] {
  const open = lines.at(-1)?.endsWith('\\');
  if (open) lines[lines.length - 1] = lines.at(-1)!.slice(0, -1) + line;
  else if (line.trim() !== '' && !line.trim().startsWith('#')) lines.push(line);
  return lines;
}

function parseLine(line: string): { name: string; written: string; argument: string } {
  const [, written = '', argument = ''] = /^\s*(\S+)\s*([\s\S]*?)\s*$/.exec(line) ?? [];
  return { name: written.toUpperCase(), written, argument };
}

const INSTRUCTIONS: Record<string, (state: State, argument: string) => void> = {
  CMD: (state, argument) => {
    state.config.Cmd = commandOf(state.config, argument);
    state.commandSet = true;
  },
  ENTRYPOINT: (state, argument) => {
    state.config.Entrypoint = commandOf(state.config, argument);
    if (!state.commandSet) state.config.Cmd = null;
  },
  ENV: ({ config }, argument) => {
    const known = config.Env ?? [];
    const env = new Map(known.map((entry) => [entry.split('=', 1)[0]!, entry]));
    for (const [name, value] of pairs('ENV', argument)) {
      // Those of one line do not see each other.
      env.set(name, `${name}=${expand(value, known)}`);
    }
    config.Env = [...env.values()];
  },
  EXPOSE: ({ config }, argument) => {
    const ports = words(expand(argument, config.Env ?? [])).flatMap(expandPort);
    config.ExposedPorts = { ...config.ExposedPorts, ...keys(ports) };
  },
  HEALTHCHECK: ({ config }, argument) => {
    config.Healthcheck = parseHealthcheck(argument);
  },
  LABEL: ({ config }, argument) => {
    const given = pairs('LABEL', argument).map(([name, value]) => [
      expand(name, config.Env ?? []),
      expand(value, config.Env ?? []),
    ]);
    config.Labels = { ...config.Labels, ...Object.fromEntries(given) };
  },
  ONBUILD: ({ config }, argument) => {
    const trigger = argument.split(/\s/, 1)[0]!.toUpperCase();
    if (trigger === 'ONBUILD') throw new BerthError('invalid', "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed");
    if (trigger === 'FROM' || trigger === 'MAINTAINER') {
      throw new BerthError('invalid', `${trigger} isn't allowed as an ONBUILD trigger`);
    }
    config.OnBuild = [...(config.OnBuild ?? []), argument];
  },
  STOPSIGNAL: ({ config, checkSignal }, argument) => {
    const signal = expand(single('STOPSIGNAL', argument), config.Env ?? []);
    checkSignal?.(signal);
    config.StopSignal = signal;
  },
  USER: ({ config }, argument) => {
    config.User = expand(single('USER', argument), config.Env ?? []);
  },
  VOLUME: ({ config }, argument) => {
    const paths = (jsonList(argument) ?? words(argument)).map((path) => expand(path, config.Env ?? []).trim());
    if (paths.includes('')) throw new BerthError('invalid', 'VOLUME specified can not be an empty string');
    config.Volumes = { ...config.Volumes, ...keys(paths) };
  },
  WORKDIR: ({ config }, argument) => {
    const wanted = expand(single('WORKDIR', argument), config.Env ?? []);
    config.WorkingDir = posix.resolve('/', config.WorkingDir ?? '', wanted);
  },
};

/** The exec form as it is, the shell form by the configuration's shell. */
function commandOf(config: ImageRunConfig, argument: string): string[] {
  return jsonList(argument) ?? [...(config.Shell?.length ? config.Shell : ['/bin/sh', '-c']), argument];
}

/** A word in its quotes, or all of it: these instructions take what comes as one. */
function single(instruction: string, argument: string): string {
  const found = words(argument);
  if (instruction !== 'WORKDIR' && found.length !== 1) {
    throw new BerthError('invalid', `${instruction} requires exactly one argument`);
  }
  return found.length === 1 ? found[0]! : argument;
}

/** The exec form; undefined for the shell form, which is also what broken JSON is. */
export function jsonList(argument: string): string[] | undefined {
  if (!argument.startsWith('[')) return undefined;
  try {
    const list: unknown = JSON.parse(argument);
    return Array.isArray(list) && list.every((item) => typeof item === 'string') ? list : undefined;
  } catch {
    return undefined;
  }
}

/** `80`, `53/udp`, `8000-8010`: each port with its protocol. */
function expandPort(text: string): string[] {
  const [, first = '', last = first, protocol = 'tcp'] =
    /^([0-9]{1,5})(?:-([0-9]{1,5}))?(?:\/([A-Za-z]+))?$/.exec(text) ?? [];
  const [from, to] = [Number(first), Number(last)];
  if (first === '' || to < from || to > 65_535) throw new BerthError('invalid', `invalid containerPort: ${text}`);
  if (!['tcp', 'udp', 'sctp'].includes(protocol.toLowerCase())) {
    throw new BerthError('invalid', `invalid proto: ${protocol}`);
  }
  return Array.from({ length: to - from + 1 }, (_, n) => `${from + n}/${protocol.toLowerCase()}`);
}

function keys(names: readonly string[]): Record<string, object> {
  return Object.fromEntries(names.map((name) => [name, {}]));
}
