import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { errnoOf } from '@berth/kit';
import { CliError } from '../cli-error.ts';

/** meta.json of a context, with Docker's keys. Keys of others (endpoints, metadata) are kept. */
export interface ContextMeta {
  Name: string;
  Metadata: { Description?: string; [key: string]: unknown };
  Endpoints: { docker?: DockerEndpoint; [name: string]: unknown };
}

export interface DockerEndpoint {
  /** Left out when it is empty, as Docker writes it. */
  Host?: string;
  SkipTLSVerify: boolean;
  [key: string]: unknown;
}

/** Files of one endpoint: name (`ca.pem`, `cert.pem`, `key.pem`) → bytes. */
export type TlsMaterial = Record<string, Uint8Array>;

/** The context that is no file: what flags and environment say. */
export const DEFAULT_CONTEXT = 'default';

/** Most that is read of one file of the store or of an archive. */
export const FILE_LIMIT = 10 * 1024 * 1024;

const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.+-]+$/;

/** Docker's rule for names of contexts that may be made. */
export function checkContextName(name: string): void {
  if (name === '') throw new CliError('context name cannot be empty');
  if (name === DEFAULT_CONTEXT) throw new CliError('"default" is a reserved context name');
  if (!NAME.test(name))
    throw new CliError(
      `context name ${JSON.stringify(name)} is invalid, names are validated against regexp "^[a-zA-Z0-9][a-zA-Z0-9_.+-]+$"`,
    );
}

/** Folder of a context's meta.json, and of its certificates: a name's SHA-256 below `contexts`. */
export function contextFolders(configDir: string, name: string): { meta: string; tls: string } {
  const id = process.getBuiltinModule('node:crypto').createHash('sha256').update(name).digest('hex');
  return { meta: `${configDir}/contexts/meta/${id}`, tls: `${configDir}/contexts/tls/${id}` };
}

/** Reads a context. Throws CliError `context "NAME": context not found: …` when it is not there. */
export function readContext(configDir: string, name: string): ContextMeta {
  const path = `${contextFolders(configDir, name).meta}/meta.json`;
  try {
    return parseMeta(readFileSync(path, 'utf8'), name);
  } catch (error) {
    const about = `context ${JSON.stringify(name)}`;
    if (errnoOf(error) === 'ENOENT')
      throw new CliError(`${about}: context not found: open ${path}: no such file or directory`);
    throw new CliError(`${about}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Reads the text of a meta.json. Throws an Error that says what is wrong. */
export function parseMeta(text: string, fallbackName: string): ContextMeta {
  const parsed: unknown = JSON.parse(text);
  if (!isObject(parsed)) throw new Error('meta.json is no JSON object');
  const { Name = fallbackName, Metadata, Endpoints } = parsed;
  if (typeof Name !== 'string') throw new Error('meta.json: "Name" is no text');
  const endpoints = isObject(Endpoints) ? Endpoints : {};
  return { Name, Metadata: isObject(Metadata) ? Metadata : {}, Endpoints: readEndpoints(endpoints) };
}

function readEndpoints(endpoints: Record<string, unknown>): ContextMeta['Endpoints'] {
  const { docker, ...others } = endpoints;
  if (!isObject(docker)) return others;
  const { Host, SkipTLSVerify } = docker;
  const host = typeof Host === 'string' && Host !== '' ? { Host } : {};
  const { Host: _host, ...rest } = docker;
  return { docker: { ...host, ...rest, SkipTLSVerify: SkipTLSVerify === true }, ...others };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** All contexts that are files, sorted by name. Throws CliError when one cannot be read. */
export function listContexts(configDir: string): ContextMeta[] {
  const folder = `${configDir}/contexts/meta`;
  const metas = folders(folder).map((id) => {
    const path = `${folder}/${id}/meta.json`;
    try {
      return parseMeta(readFileSync(path, 'utf8'), '');
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined; // removed meanwhile, or an empty folder
      throw new CliError(`failed to list contexts: ${path}: ${error instanceof Error ? error.message : String(error)}`);
    }
  });
  return metas.filter((meta) => meta !== undefined).sort((a, b) => compareNames(a.Name, b.Name));
}

/** Docker's order of names: byte by byte, runs of digits as numbers (net2 before net10). */
export function compareNames(a: string, b: string): number {
  const pieces = (text: string) => text.match(/\d+|\D+/g) ?? [];
  const [left, right] = [pieces(a), pieces(b)];
  for (const [index, piece] of left.entries()) {
    const other = right[index];
    if (other === undefined) return 1;
    if (piece === other) continue;
    if (/^\d/.test(piece) && /^\d/.test(other)) return Number(piece) - Number(other) || (piece < other ? -1 : 1);
    return piece < other ? -1 : 1;
  }
  return left.length - right.length;
}

function folders(path: string): string[] {
  try {
    return readdirSync(path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw new CliError(`failed to list contexts: ${error instanceof Error ? error.message : String(error)}`);
  }
}

export function contextExists(configDir: string, name: string): boolean {
  try {
    readFileSync(`${contextFolders(configDir, name).meta}/meta.json`);
    return true;
  } catch {
    return false;
  }
}

/** Writes meta.json; replaced in one step. */
export function writeContext(configDir: string, meta: ContextMeta): void {
  const { meta: folder } = contextFolders(configDir, meta.Name);
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  replaceFile(`${folder}/meta.json`, JSON.stringify(meta), 0o644);
}

/** Puts the files of one endpoint in the place of those that were there. */
export function writeTls(configDir: string, name: string, endpoint: string, files: TlsMaterial): void {
  const folder = `${contextFolders(configDir, name).tls}/${endpoint}`;
  rmSync(folder, { recursive: true, force: true });
  if (Object.keys(files).length === 0) return;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (const [file, bytes] of Object.entries(files)) replaceFile(`${folder}/${file}`, bytes, 0o600);
}

function replaceFile(path: string, data: string | Uint8Array, mode: number): void {
  const draft = `${path}.${process.pid}.tmp`;
  try {
    writeFileSync(draft, data, { mode });
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
}

export function removeContext(configDir: string, name: string): void {
  const { meta, tls } = contextFolders(configDir, name);
  rmSync(meta, { recursive: true, force: true });
  rmSync(tls, { recursive: true, force: true });
}

/** Names of certificate files by endpoint, sorted: what `inspect` shows as TLSMaterial. */
export function listTls(configDir: string, name: string): Record<string, string[]> {
  const { tls } = contextFolders(configDir, name);
  return Object.fromEntries(
    entriesOf(tls)
      .filter((entry) => entry.isDirectory())
      .map((entry) => [entry.name, filesOf(`${tls}/${entry.name}`)]),
  );
}

/** The files of one endpoint; {} when it has none. */
export function readTlsMaterial(configDir: string, name: string, endpoint: string): TlsMaterial {
  const folder = `${contextFolders(configDir, name).tls}/${endpoint}`;
  return Object.fromEntries(filesOf(folder).map((file) => [file, readFileSync(`${folder}/${file}`)]));
}

function filesOf(folder: string): string[] {
  return entriesOf(folder)
    .filter((entry) => !entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
}

function entriesOf(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
}
