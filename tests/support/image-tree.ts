import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { isObject, readTar, type TarEntry } from '@berth/oci';

/** An image as `save` gives it, with its layers laid over each other. */
export interface ImageTree {
  /** By path: type, mode, owner, and content, target or device; extended attributes; other names of the same file. */
  files: Record<string, string>;
  /** The whole configuration. */
  configuration: Record<string, unknown>;
}

interface Node {
  type: TarEntry['type'];
  text: string;
}

/** Reads the archive of one image, in Docker's format or in OCI's with a `manifest.json`. */
export async function imageTree(archive: Buffer): Promise<ImageTree> {
  const parts = await contentsOf(archive);
  const manifest: unknown = JSON.parse(partOf(parts, 'manifest.json').toString());
  const [image]: unknown[] = Array.isArray(manifest) ? manifest : [];
  if (!isObject(image) || typeof image['Config'] !== 'string' || !Array.isArray(image['Layers'])) {
    throw new Error('this is no archive of an image');
  }
  const configuration: unknown = JSON.parse(partOf(parts, image['Config']).toString());
  const nodes = new Map<string, Node>();
  for (const layer of image['Layers']) await addLayer(nodes, partOf(parts, String(layer)));
  return { files: described(nodes), configuration: isObject(configuration) ? configuration : {} };
}

type Parts = Map<string, Buffer | { link: string }>;

async function contentsOf(archive: Buffer): Promise<Parts> {
  const parts: Parts = new Map();
  await readTar(source(archive), async ({ entry, content }) => {
    const name = entry.name.toString();
    if (entry.type === 'symlink') parts.set(name, { link: entry.linkName.toString() });
    else parts.set(name, await gathered(content));
  });
  return parts;
}

/** A part by its path; Docker writes a layer that comes twice as a link. */
function partOf(parts: Parts, name: string): Buffer {
  const part = parts.get(name);
  if (part === undefined) throw new Error(`the archive has no ${name}`);
  if (Buffer.isBuffer(part)) return part;
  return partOf(parts, new URL(part.link, `file:///${name}`).pathname.slice(1));
}

async function addLayer(nodes: Map<string, Node>, layer: Buffer): Promise<void> {
  const bytes = layer[0] === 0x1f && layer[1] === 0x8b ? gunzipSync(layer) : layer;
  const added: [path: string, entry: TarEntry, content: Buffer][] = [];
  await readTar(source(bytes), async ({ entry, content }) => {
    added.push([cleaned(entry.name.toString()), { ...entry }, await gathered(content)]);
  });
  const hides = added.filter(([path]) => /(?:^|\/)\.wh\.[^/]*$/.test(path));
  for (const [path] of hides) {
    const [folder, name] = [path.slice(0, path.lastIndexOf('/') + 1), path.slice(path.lastIndexOf('/') + 1)];
    if (name === '.wh..wh..opq') removeBelow(nodes, folder);
    else if (!name.startsWith('.wh..wh.')) remove(nodes, folder + name.slice('.wh.'.length));
  }
  for (const [path, entry, content] of added) {
    if (path === '' || hides.some(([hidden]) => hidden === path)) continue;
    const before = nodes.get(path);
    if (entry.type !== 'directory' || before?.type !== 'directory') remove(nodes, path);
    const same = entry.type === 'hardlink' ? nodes.get(cleaned(entry.linkName.toString())) : undefined;
    nodes.set(path, same ?? { type: entry.type, text: textOf(entry, content) });
  }
}

function textOf(entry: TarEntry, content: Buffer): string {
  const mode = entry.mode.toString(8).padStart(4, '0');
  const owner = `${entry.uid}:${entry.gid}`;
  const xattrs = [...entry.xattrs].map(([name, value]) => ` ${name}=${value.toString('base64')}`).sort();
  return `${entry.type} ${entry.type === 'symlink' ? '' : mode} ${owner} ${detailOf(entry, content)}${xattrs.join('')}`;
}

function detailOf(entry: TarEntry, content: Buffer): string {
  if (entry.type === 'symlink') return entry.linkName.toString();
  if (entry.type === 'char' || entry.type === 'block') return `${entry.deviceMajor},${entry.deviceMinor}`;
  if (entry.type !== 'file') return '';
  return `${content.length} ${createHash('sha256').update(content).digest('hex').slice(0, 16)}`;
}

function described(nodes: Map<string, Node>): Record<string, string> {
  const names = new Map<Node, string[]>();
  for (const [path, node] of nodes) names.set(node, [...(names.get(node) ?? []), path]);
  const entries = [...nodes].map(([path, node]): [string, string] => {
    const all = (names.get(node) ?? []).sort();
    return [path, all.length > 1 ? `${node.text} = ${all.join(' ')}` : node.text];
  });
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function remove(nodes: Map<string, Node>, path: string): void {
  if (nodes.delete(path)) removeBelow(nodes, `${path}/`);
}

function removeBelow(nodes: Map<string, Node>, folder: string): void {
  for (const path of nodes.keys()) if (path.startsWith(folder)) nodes.delete(path);
}

function cleaned(name: string): string {
  return name
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/');
}

async function gathered(content: AsyncIterable<Buffer>): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of content) pieces.push(Buffer.from(piece));
  return Buffer.concat(pieces);
}

async function* source(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}
