import { BerthError } from '@berth/kit';
import { DEFAULT_CONFIG, DEFAULT_TLS_DIRECTORY, type EngineConfig } from '../config.ts';
import { checkTogether } from './check-together.ts';
import type { CommandLine } from './command-line.ts';
import { type ConfigFile, DEFAULT_CONFIG_FILE, readConfigFile } from './config-file.ts';
import { Rejected } from './kinds/index.ts';
import { FIELDS, FOREIGN, settingOf } from './table/index.ts';

/**
 * Puts flags, file and defaults together and checks the whole.
 * Errors: not-found (a file that was asked for); invalid, with every problem that was found, a line each.
 */
export function loadConfig(line: CommandLine): EngineConfig {
  const path = line.configFile ?? DEFAULT_CONFIG_FILE;
  const file = readConfigFile(path, line.configFile !== undefined);
  const problems = [...file.problems];
  const flags = readFlags(line, problems);
  const twice = conflicts(line, flags, file);
  if (twice.length > 0)
    problems.push(
      `the following directives are specified both as a flag and in the configuration file ${path}: ${twice.join(', ')}`,
    );
  const config = together(flags, file.values);
  if (problems.length === 0) problems.push(...checkTogether(config));
  if (problems.length > 0) throw problemsFound(problems);
  return config;
}

function problemsFound(problems: readonly string[]): BerthError {
  if (problems.length === 1) return new BerthError('invalid', problems[0]!);
  return new BerthError(
    'invalid',
    `the configuration has ${problems.length} problems:\n${problems.map((problem) => `  ${problem}`).join('\n')}`,
  );
}

function readFlags(line: CommandLine, problems: string[]): Partial<EngineConfig> {
  const flags: Partial<EngineConfig> = {};
  for (const [field, values] of line.fields) {
    const { flag, kind } = settingOf(field);
    try {
      Object.assign(flags, { [field]: kind.fromFlag(kind.many ? values : values.slice(-1)) });
    } catch (error) {
      if (!(error instanceof Rejected)) throw error;
      problems.push(`--${flag}: found ${error.found}, ${error.message}`);
    }
  }
  for (const [key, value] of line.foreign) {
    const { flag, holds, why } = FOREIGN.find((setting) => setting.key === key)!;
    const same = holds.flat().some((held) => String(held) === value);
    if (!same) problems.push(`--${flag}=${value} is not taken: ${why}`);
  }
  return flags;
}

/** Docker's list of what both flags and file set: `key: (from flag: X, from file: Y)`. */
function conflicts(line: CommandLine, flags: Partial<EngineConfig>, { values, foreign }: ConfigFile): string[] {
  const fields = FIELDS.filter((field) => field in values && line.fields.has(field));
  const both = fields.flatMap((field) => {
    const { key, adds } = settingOf(field);
    const from = `(from flag: ${JSON.stringify(flags[field])}, from file: ${JSON.stringify(values[field])})`;
    if (!adds) return [`${key}: ${from}`];
    const names = Object.keys(flags[field] ?? {}).filter((name) => name in (values[field] as object));
    return names.map((name) => `${key}.${name}: ${from}`);
  });
  return [...both, ...[...foreign].filter((key) => line.foreign.has(key))];
}

function together(flags: Partial<EngineConfig>, file: Partial<EngineConfig>): EngineConfig {
  const config: EngineConfig = { ...DEFAULT_CONFIG, ...file, ...flags };
  for (const field of FIELDS.filter((candidate) => settingOf(candidate).adds))
    Object.assign(config, { [field]: { ...Object(file[field]), ...Object(flags[field]) } });
  const told = { ...file, ...flags };
  if (told.hosts === undefined) config.hosts = [`unix://${config.execRoot}/berth.sock`];
  if (told.pidFile === undefined) config.pidFile = `${config.execRoot}/berth.pid`;
  if (config.seccompProfile === 'builtin') config.seccompProfile = undefined;
  if (config.tlsVerify) config.tls = true;
  if (config.tls) {
    config.tlsCert ??= `${DEFAULT_TLS_DIRECTORY}/server-cert.pem`;
    config.tlsKey ??= `${DEFAULT_TLS_DIRECTORY}/server-key.pem`;
  }
  if (config.tlsVerify) config.tlsCaCert ??= `${DEFAULT_TLS_DIRECTORY}/ca.pem`;
  return config;
}
