import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Compression, digestOf, encodeTarHeader, TAR_END, type TarEntryInit, tarPadding } from '@berth/oci';
import { createUnpacker, type LayerLimits } from '../../../apps/engine/images/unpack/index.ts';

/** A directory for one test file, and an unpacker that works in it. */
export function openWorkshop() {
  const directory = mkdtempSync(join(tmpdir(), 'berth-unpack-'));
  const unpacker = createUnpacker({ maxWorkers: 1, idleMs: 50 });
  let count = 0;
  return {
    directory,
    unpacker,
    /** A new directory. */
    makeDirectory: (): string => {
      const path = join(directory, `d${count++}`);
      mkdirSync(path);
      return path;
    },
    /** Unpacks into a new directory; `diffId` is that of the archive unless said otherwise. */
    unpack: async (
      archive: Buffer,
      options: {
        compression?: Compression;
        uncompressed?: Buffer;
        maxBytes?: number;
        maxEntries?: number;
        bounds?: Partial<LayerLimits>;
      } = {},
    ) => {
      const name = `a${count++}`;
      const target = join(directory, name);
      const path = join(directory, `${name}.tar`);
      mkdirSync(target);
      writeFileSync(path, archive);
      const layer = await unpacker.unpack({
        directory: target,
        diffId: digestOf(options.uncompressed ?? archive),
        compression: options.compression ?? 'none',
        isVerified: false,
        limits: { ...limitsOf(options.maxBytes), maxEntries: options.maxEntries ?? 10_000, ...options.bounds },
        source: { path },
        signal: undefined,
      });
      return { ...layer, path: target };
    },
    close: async () => {
      await unpacker.close();
      rmSync(directory, { recursive: true });
    },
  };
}

/** The same bound for whatever size it says and has. */
export function limitsOf(maxBytes = 100_000_000, maxEntries = 10_000): LayerLimits {
  return { maxBytes, minBytes: maxBytes, growth: 0, maxEntries };
}

/** An archive of these entries; `content` gives a file its bytes. */
export function archiveOf(entries: (TarEntryInit & { content?: string | Buffer })[]): Buffer {
  const parts = entries.map(({ content, ...entry }) => {
    const data = Buffer.from(content ?? '');
    return Buffer.concat([
      encodeTarHeader({ ...entry, size: entry.size ?? data.length }),
      data,
      tarPadding(data.length),
    ]);
  });
  return Buffer.concat([...parts, TAR_END]);
}
