import { isDeepStrictEqual } from 'node:util';
import type { EngineConfig } from '../config.ts';
import type { CommandLine } from './command-line.ts';
import { loadConfig } from './load.ts';
import { FIELDS, settingOf } from './table/index.ts';

/** What reading the settings again found. */
export interface Reload {
  /** All of them, as they would be. */
  next: EngineConfig;
  /** What differs and can be taken over now, by key in the file. */
  changed: Record<string, { from: unknown; to: unknown }>;
  /** Keys of what differs and needs a restart. */
  needRestart: string[];
  /** Takes the changes over, all at once. */
  apply(): void;
}

/** Reads the settings again and compares them with `config`, which is not touched. Errors: those of `loadConfig`. */
export function reloadConfig(line: CommandLine, config: EngineConfig): Reload {
  const loaded = loadConfig(line);
  const differ = FIELDS.filter((field) => !isDeepStrictEqual(config[field], loaded[field]));
  const live = differ.filter((field) => settingOf(field).reload);
  const change = Object.fromEntries(live.map((field) => [field, loaded[field]]));
  return {
    next: { ...config, ...change },
    changed: Object.fromEntries(
      live.map((field) => [settingOf(field).key, { from: config[field], to: loaded[field] }]),
    ),
    needRestart: differ.filter((field) => !live.includes(field)).map((field) => settingOf(field).key),
    apply: () => {
      Object.assign(config, change);
    },
  };
}
