import { createReadStream } from 'node:fs';
import { mkdtemp, readdir, readFile, readlink, realpath, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { encodeTarFile, encodeTarHeader, TAR_END, type TarEntryInit, tarPadding } from '@berth/oci';
import { busyboxLayer } from './busybox.ts';
import { packageFolder } from './debian-package.ts';
import type { StarterLayer, StarterOptions } from './index.ts';
import { registryProgram } from './registry-program.ts';

/** Where the program lies in the image. */
const PROGRAM = 'usr/local/share/berth-registry';
/** What Node needs of the C library and the compiler's. */
const PACKAGES = ['libc6', 'libstdc++6', 'libgcc-s1', 'libatomic1'] as const;
/** A library itself: not the modules that some have in folders below. */
const LIBRARY = /^(?:usr\/)?lib(?:64)?\/(?:[^/]+-linux-gnu\/)?[^/]+\.so(?:\.[^/]*)?$/;

/** The registry and its Node over busybox's root file system, with the libraries that Node needs. */
export async function registryLayer(options: StarterOptions): Promise<StarterLayer> {
  const base = await busyboxLayer(options);
  const node = await realpath(process.execPath);
  const mtime = BigInt(Math.floor((await stat(node)).mtimeMs / 1000)) * 1_000_000_000n;
  return {
    archive: layer(base, node, mtime, options),
    createdAt: Number(mtime / 1_000_000n),
    madeBy: `COPY / # registry of Berth, Node ${process.version}, Debian packages busybox-static ${PACKAGES.join(' ')}`,
  };
}

async function* layer(
  base: StarterLayer,
  node: string,
  mtime: bigint,
  { temporary, onProgress }: StarterOptions,
): AsyncGenerator<Uint8Array> {
  const folder = await mkdtemp(join(temporary, 'registry-'));
  const header = (entry: TarEntryInit) => encodeTarHeader({ mtime, ...entry });
  try {
    if (!(base.archive instanceof Uint8Array)) throw new Error('busybox comes as a whole');
    yield base.archive.subarray(0, base.archive.byteLength - TAR_END.byteLength);
    for (const path of folders([PROGRAM, 'usr/local/bin', 'etc/berth', 'var/lib/registry']))
      yield header({ name: `${path}/`, type: 'directory', mode: 0o755 });
    onProgress({ status: 'Taking libraries from Debian packages', id: 'registry' });
    for (const name of PACKAGES) yield* libraries(await packageFolder(name, folder), header);
    onProgress({ status: 'Adding the registry and its Node', id: 'registry' });
    for (const path of await registryProgram(folder))
      yield encodeTarFile({ name: `${PROGRAM}/${basename(path)}`, mode: 0o644, mtime }, await readFile(path));
    yield* bigFile(`${PROGRAM}/node`, node, mtime);
    const script = `#!/bin/sh\nexec /${PROGRAM}/node /${PROGRAM}/registry.mjs "$@"\n`;
    yield encodeTarFile({ name: 'usr/local/bin/berth-registry', mode: 0o755, mtime }, Buffer.from(script));
    yield TAR_END;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Libraries of an unpacked package, links as links. */
async function* libraries(root: string, header: (entry: TarEntryInit) => Buffer): AsyncGenerator<Buffer> {
  const found = (await readdir(root, { recursive: true, withFileTypes: true }))
    .map((entry) => ({ entry, name: join(entry.parentPath, entry.name).slice(root.length + 1) }))
    .filter(({ entry, name }) => !entry.isDirectory() && LIBRARY.test(name))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const path of folders(found.map(({ name }) => name.slice(0, name.lastIndexOf('/')))))
    yield header({ name: `${path}/`, type: 'directory', mode: 0o755 });
  for (const { entry, name } of found) {
    const path = join(root, name);
    if (entry.isSymbolicLink()) {
      yield header({ name, type: 'symlink', linkName: await readlink(path), mode: 0o777 });
    } else {
      const content = await readFile(path);
      yield header({ name, type: 'file', mode: 0o755, size: content.byteLength });
      yield content;
      yield tarPadding(content.byteLength);
    }
  }
}

/** Node has more than a hundred megabytes: piece by piece. */
async function* bigFile(name: string, path: string, mtime: bigint): AsyncGenerator<Buffer> {
  const { size } = await stat(path);
  yield encodeTarHeader({ name, type: 'file', mode: 0o755, size, mtime });
  let left = size;
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 }) as AsyncIterable<Buffer>) {
    left -= chunk.byteLength;
    if (left < 0) break;
    yield chunk;
  }
  if (left !== 0) throw new Error(`${path} changed while it was read`);
  yield tarPadding(size);
}

/** These folders and all above them, each once, from the top. */
function folders(paths: readonly string[]): string[] {
  const all = paths.flatMap((path) => {
    const parts = path.split('/');
    return parts.map((_, n) => parts.slice(0, n + 1).join('/'));
  });
  return [...new Set(all)].sort();
}
