import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf } from '@berth/kit';
import {
  canonicalString,
  type Descriptor,
  digestOf,
  isObject,
  MANIFEST_LIMIT,
  parseDescriptor,
  parseReference,
  type Reference,
  withDefaultTag,
} from '@berth/oci';
import { CliError } from '../../cli-error.ts';

/** A manifest as it is kept in a local list, and as a registry gave it. */
export interface KnownManifest {
  /** Where it is, with domain and tag or digest. */
  reference: Reference;
  /** With the platform, as the image says it or as it was annotated. */
  descriptor: Descriptor;
  bytes: Buffer;
}

/** What `manifest create` made, in Docker's files: `~/.docker/manifests/LIST/MANIFEST`, so that both clients share them. */
export interface LocalLists {
  /** In the order of their names; undefined when there is no such list. Throws CliError. */
  list(list: Reference): KnownManifest[] | undefined;
  get(list: Reference, reference: Reference): KnownManifest | undefined;
  save(list: Reference, manifest: KnownManifest): void;
  remove(list: Reference): void;
}

/** Three times as much as a manifest can have: it stands in the file twice, once in base64. */
const FILE_LIMIT = 3 * MANIFEST_LIMIT;

/** The lists below the folder of config.json. */
export function openLocalLists(configDir: string): LocalLists {
  const root = join(configDir, 'manifests');
  const folderOf = (list: Reference) => join(root, fileName(list));
  const read = (path: string): KnownManifest | undefined => {
    const text = contentOf(path);
    return text === undefined ? undefined : parse(text, path);
  };
  return {
    list: (list) => {
      const folder = folderOf(list);
      const known = namesIn(folder).flatMap((name) => read(join(folder, name)) ?? []);
      return known.length === 0 ? undefined : known;
    },
    get: (list, reference) => read(join(folderOf(list), fileName(reference))),
    save: (list, manifest) => {
      const folder = folderOf(list);
      mkdirSync(folder, { recursive: true });
      const path = join(folder, fileName(manifest.reference));
      const draft = join(root, `.${process.pid}.tmp`);
      writeFileSync(draft, JSON.stringify(fileOf(manifest)));
      renameSync(draft, path);
    },
    remove: (list) => rmSync(folderOf(list), { recursive: true, force: true }),
  };
}

/** A name with `latest` where it has neither tag nor digest. Errors: invalid. */
export function namedManifest(text: string): Reference {
  return withDefaultTag(parseReference(text));
}

export function noSuchManifest(reference: Reference): CliError {
  return new CliError(`No such manifest: ${canonicalString(reference)}`);
}

/** A manifest in the form that is kept and that `inspect --verbose` shows. */
export function fileOf({ reference, descriptor, bytes }: KnownManifest): object {
  const manifest: unknown = JSON.parse(bytes.toString());
  const isOci = descriptor.mediaType.startsWith('application/vnd.oci.');
  return {
    Ref: canonicalString(reference),
    Descriptor: descriptor,
    Raw: bytes.toString('base64'),
    [isOci ? 'OCIManifest' : 'SchemaV2Manifest']: manifest,
  };
}

/** A canonical reference has no characters but these two that a file name should not have. */
function fileName(reference: Reference): string {
  return canonicalString(reference).replaceAll(':', '-').replaceAll('/', '_');
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
}

function contentOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function parse(text: string, path: string): KnownManifest {
  const broken = (why: string) =>
    new CliError(`${path}: ${why}: remove the manifest list (manifest rm) and create it again`);
  if (text.length > FILE_LIMIT) throw broken('the file is too large');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw broken('the file is not JSON');
  }
  if (!isObject(value) || typeof value.Ref !== 'string') throw broken('the file describes no manifest');
  // Clients of before 2023 did not keep the bytes.
  if (typeof value.Raw !== 'string') throw broken('the file has no manifest');
  const descriptor = parseDescriptor(value.Descriptor, 'descriptor of a local manifest');
  const bytes = Buffer.from(value.Raw, 'base64');
  if (digestOf(bytes) !== descriptor.digest) throw broken('the manifest is not the one that its digest says');
  return { reference: parseReference(value.Ref), descriptor, bytes };
}
