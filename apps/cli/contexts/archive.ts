import { CliError } from '../cli-error.ts';
import { type ContextMeta, FILE_LIMIT, parseMeta, type TlsMaterial } from './store.ts';
import { readTar, type TarFile, writeTar } from './tar.ts';
import { isZip, readZip } from './zip.ts';

/** A context as an archive holds it. */
export interface PackedContext {
  meta: ContextMeta;
  /** By endpoint. */
  tls: Record<string, TlsMaterial>;
}

const META_FILE = 'meta.json';

/** A tar archive as Docker writes it: `meta.json`, `tls/ENDPOINT/FILE`. */
export function packContext({ meta, tls }: PackedContext): Uint8Array {
  const files: TarFile[] = [
    { name: META_FILE, mode: 0o644, data: new TextEncoder().encode(JSON.stringify(meta)) },
    { name: 'tls', mode: 0o700 },
  ];
  for (const endpoint of Object.keys(tls).sort()) {
    files.push({ name: `tls/${endpoint}`, mode: 0o700 });
    for (const [file, data] of Object.entries(tls[endpoint] ?? {}).sort(([a], [b]) => (a < b ? -1 : 1)))
      files.push({ name: `tls/${endpoint}/${file}`, mode: 0o600, data });
  }
  return writeTar(files);
}

/**
 * Reads a tar or zip archive under a new name. Nothing is written here, and names are checked before they may become
 * paths: only `meta.json` and `tls/ENDPOINT/FILE` of plain words are taken. Throws CliError.
 */
export async function unpackContext(name: string, archive: Uint8Array): Promise<PackedContext> {
  const files = isZip(archive) ? await readZip(archive, FILE_LIMIT) : readTar(archive);
  let meta: ContextMeta | undefined;
  const tls: PackedContext['tls'] = {};
  for (const file of files) {
    if (file.name === META_FILE) meta = readMeta(file.data, name);
    else {
      const [endpoint, own] = tlsPath(file.name);
      tls[endpoint] = { ...tls[endpoint], [own]: file.data };
    }
  }
  if (!meta) throw new CliError('invalid context: no metadata found');
  return { meta, tls };
}

function readMeta(data: Uint8Array, name: string): ContextMeta {
  try {
    return { ...parseMeta(new TextDecoder().decode(data), name), Name: name };
  } catch (error) {
    throw new CliError(`invalid context: meta.json: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** `tls/ENDPOINT/FILE`, each a plain word. */
function tlsPath(path: string): [endpoint: string, file: string] {
  const words = path.split('/');
  if (words.some((word) => word === '..' || word === '.' || word === ''))
    throw new CliError(`${path}: unexpected ${path.startsWith('tls/') ? 'path format' : 'context file'}`);
  if (words[0] !== 'tls') throw new CliError(`${path}: unexpected context file`);
  if (path.includes('\\')) throw new CliError(`${path}: unexpected '\\' in path`);
  const [, endpoint = '', file = ''] = words;
  if (words.length !== 3 || path.includes('\0')) throw new CliError('archive format is invalid');
  return [endpoint, file];
}
