import { BerthError } from '@berth/kit';
import type { ImageRunConfig } from './model.ts';

/**
 * Applies Dockerfile instructions (`--change`) to a configuration: CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, ONBUILD,
 * STOPSIGNAL, USER, VOLUME, WORKDIR. Errors: invalid.
 */
export function applyChanges(config: ImageRunConfig, changes: readonly string[]): ImageRunConfig {
  const changed = { ...config };
  for (const change of changes) {
    const match = /^\s*([A-Za-z]+)\s+(\S[\s\S]*?)\s*$/.exec(change);
    const apply = match === null ? undefined : INSTRUCTIONS[match[1]!.toUpperCase()];
    if (match === null || apply === undefined) {
      const name = match?.[1]?.toUpperCase() ?? change.trim();
      throw new BerthError('invalid', `${name} is not a valid change command`, {
        hint: `A change is one of ${Object.keys(INSTRUCTIONS).join(', ')} with its argument.`,
      });
    }
    apply(changed, match[2]!);
  }
  return changed;
}

const INSTRUCTIONS: Record<string, (config: ImageRunConfig, argument: string) => void> = {
  CMD: (config, argument) => {
    config.Cmd = jsonList(argument) ?? ['/bin/sh', '-c', argument];
  },
  ENTRYPOINT: (config, argument) => {
    config.Entrypoint = jsonList(argument) ?? ['/bin/sh', '-c', argument];
  },
  ENV: (config, argument) => {
    const env = new Map((config.Env ?? []).map((entry) => [entry.split('=', 1)[0]!, entry]));
    for (const [name, value] of pairs('ENV', argument)) env.set(name, `${name}=${value}`);
    config.Env = [...env.values()];
  },
  EXPOSE: (config, argument) => {
    const ports = words(argument).map((port) => (port.includes('/') ? port.toLowerCase() : `${port}/tcp`));
    const wrong = ports.find((port) => !/^[0-9]{1,5}(-[0-9]{1,5})?\/(tcp|udp|sctp)$/.test(port));
    if (wrong !== undefined) throw new BerthError('invalid', `invalid containerPort: ${wrong}`);
    config.ExposedPorts = { ...config.ExposedPorts, ...keys(ports) };
  },
  LABEL: (config, argument) => {
    config.Labels = { ...config.Labels, ...Object.fromEntries(pairs('LABEL', argument)) };
  },
  ONBUILD: (config, argument) => {
    config.OnBuild = [...(config.OnBuild ?? []), argument];
  },
  STOPSIGNAL: (config, argument) => {
    config.StopSignal = argument;
  },
  USER: (config, argument) => {
    config.User = argument;
  },
  VOLUME: (config, argument) => {
    config.Volumes = { ...config.Volumes, ...keys(jsonList(argument) ?? words(argument)) };
  },
  WORKDIR: (config, argument) => {
    config.WorkingDir = argument.startsWith('/')
      ? argument
      : `${config.WorkingDir?.replace(/\/$/, '') ?? ''}/${argument}`;
  },
};

/** The exec form; undefined for the shell form, which is also what broken JSON is. */
function jsonList(argument: string): string[] | undefined {
  if (!argument.startsWith('[')) return undefined;
  try {
    const list: unknown = JSON.parse(argument);
    return Array.isArray(list) && list.every((item) => typeof item === 'string') ? list : undefined;
  } catch {
    return undefined;
  }
}

/** `A=1 B="two words"`, or the old form `A one value`. */
function pairs(instruction: string, argument: string): [string, string][] {
  const first = words(argument)[0] ?? '';
  if (!first.includes('=')) {
    const old = /^(\S+)\s+([\s\S]+)$/.exec(argument);
    if (old === null) throw new BerthError('invalid', `${instruction} must have two arguments`);
    return [[old[1]!, old[2]!]];
  }
  return words(argument).map((word) => {
    const equals = word.indexOf('=');
    if (equals < 1)
      throw new BerthError(
        'invalid',
        `Syntax error - can't find = in ${JSON.stringify(word)}. Must be of the form: name=value`,
      );
    return [word.slice(0, equals), word.slice(equals + 1)];
  });
}

/** Words with shell quotes and backslashes taken away. */
function words(text: string): string[] {
  const found: string[] = [];
  for (const [raw] of text.matchAll(/(?:[^\s"'\\]|\\[\s\S]|"(?:[^"\\]|\\[\s\S])*"|'[^']*'|["'])+/g)) {
    found.push(
      raw.replace(
        /\\([\s\S])|"((?:[^"\\]|\\[\s\S])*)"|'([^']*)'/g,
        (_all, escaped?: string, double?: string, single?: string) =>
          escaped ?? double?.replace(/\\(["\\$])/g, '$1') ?? single ?? '',
      ),
    );
  }
  return found;
}

function keys(names: readonly string[]): Record<string, object> {
  return Object.fromEntries(names.map((name) => [name, {}]));
}
