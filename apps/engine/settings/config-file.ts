import { readFileSync } from 'node:fs';
import { BerthError, errnoOf } from '@berth/kit';
import type { EngineConfig } from '../config.ts';
import { type JsonPlaces, jsonPlaces } from './json-places.ts';
import { Rejected } from './kinds/index.ts';
import { suggestion } from './suggestion.ts';
import { FIELDS, FOREIGN, settingOf } from './table/index.ts';

export const DEFAULT_CONFIG_FILE = '/etc/berth/daemon.json';
/** Nobody writes so much; something else was named. */
const FILE_MAX = 1024 * 1024;

/** A `daemon.json` that was read. */
export interface ConfigFile {
  /** What it sets; only these fields are there. */
  values: Partial<EngineConfig>;
  /** Values of settings without a field, by key; all of them are what holds anyway. */
  foreign: Set<string>;
  /** Sentences about what is wrong in it, each with file, line and key. */
  problems: string[];
}

/**
 * Reads and checks a file as a whole. One that is not there is empty, unless it was asked for (`wanted`).
 * Errors: not-found, invalid (cannot be read, no JSON object).
 */
export function readConfigFile(path: string, wanted: boolean): ConfigFile {
  const text = readText(path, wanted);
  const file: ConfigFile = { values: {}, foreign: new Set(), problems: [] };
  if (text.trim() === '') return file;
  const root = parse(path, text);
  const places = jsonPlaces(text);
  const report = (key: string, problem: string) =>
    file.problems.push(`${path}${lineOf(places, key)}: "${key}"${problem.startsWith(' ') ? '' : ': '}${problem}`);
  for (const key of places.twice) report(key, ' stands there twice');
  const read = (value: Record<string, unknown>, prefix: string) => {
    for (const [name, item] of Object.entries(value)) readKey(file, `${prefix}${name}`, item, report, read);
  };
  read(root, '');
  return file;
}

type Report = (key: string, problem: string) => void;

function readKey(
  file: ConfigFile,
  key: string,
  value: unknown,
  report: Report,
  descend: (value: Record<string, unknown>, prefix: string) => void,
): void {
  const field = FIELD_OF.get(key);
  const foreign = FOREIGN.find((setting) => setting.key === key);
  if (field !== undefined) readField(file, field, key, value, report);
  else if (foreign) {
    file.foreign.add(key);
    if (!foreign.holds.some((held) => JSON.stringify(held) === JSON.stringify(value)))
      report(key, `${short(value)} is not taken: ${foreign.why}`);
  } else if ([...FIELD_OF.keys()].some((known) => known.startsWith(`${key}.`))) {
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    if (isObject) descend(value as Record<string, unknown>, `${key}.`);
    else report(key, `found ${short(value)}, accepted is an object`);
  } else {
    const near = suggestion(key, [...FIELD_OF.keys(), ...FOREIGN.map((setting) => setting.key)]);
    report(key, ` does not match any configuration option${near ? `. ${near}` : ''}`);
  }
}

function readField(file: ConfigFile, field: keyof EngineConfig, key: string, value: unknown, report: Report): void {
  try {
    Object.assign(file.values, { [field]: settingOf(field).kind.fromFile(value) });
  } catch (error) {
    if (!(error instanceof Rejected)) throw error;
    report(`${key}${error.at}`, `found ${error.found}, ${error.message}`);
  }
}

const FIELD_OF = new Map(FIELDS.map((field) => [settingOf(field).key, field]));

function readText(path: string, wanted: boolean): string {
  try {
    const text = readFileSync(path, 'utf8');
    if (text.length > FILE_MAX) throw new BerthError('invalid', `the configuration file ${path} is larger than 1 MiB`);
    return text;
  } catch (cause) {
    if (cause instanceof BerthError) throw cause;
    if (errnoOf(cause) === 'ENOENT' && !wanted) return '';
    const missing = errnoOf(cause) === 'ENOENT';
    throw new BerthError(
      missing ? 'not-found' : 'invalid',
      `unable to configure the engine with file ${path}: ${missing ? 'no such file' : (cause as Error).message}`,
      { cause },
    );
  }
}

function parse(path: string, text: string): Record<string, unknown> {
  let root: unknown;
  try {
    root = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (cause) {
    throw new BerthError('invalid', `${path} is not JSON: ${cause instanceof Error ? cause.message : ''}`, { cause });
  }
  if (typeof root !== 'object' || root === null || Array.isArray(root))
    throw new BerthError('invalid', `${path}: found ${short(root)}, accepted is one JSON object: {"key": value, …}`);
  return root as Record<string, unknown>;
}

/** The nearest place that is known: of the value itself, else of what it is in. */
function lineOf({ lines }: JsonPlaces, key: string): string {
  for (let path = key; path !== ''; path = path.replace(/(^|[.[])[^.[]*$/, '')) {
    const line = lines.get(path);
    if (line !== undefined) return `, line ${line}`;
  }
  return '';
}

function short(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
