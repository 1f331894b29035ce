import { CliError } from '../cli-error.ts';

/** Signature of a local file, which an archive begins with. */
const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
/** Size of the end record without its comment, which has at most 64 KiB. */
const END_SIZE = 22;

export function isZip(archive: Uint8Array): boolean {
  return archive.length >= 4 && view(archive).getUint32(0, true) === LOCAL;
}

/**
 * The files of a zip archive, stored or deflated, no more than `limit` bytes in all. Throws CliError when it is damaged
 * or would grow larger.
 */
export async function readZip(archive: Uint8Array, limit: number): Promise<{ name: string; data: Uint8Array }[]> {
  const { inflateRawSync } = await import('node:zlib');
  const data = view(archive);
  const bad = () => new CliError('zip: not a valid zip file');
  const files: { name: string; data: Uint8Array }[] = [];
  let room = limit;
  try {
    const { count, start } = findDirectory(archive, data, bad);
    let at = start;
    for (let index = 0; index < count; index++) {
      if (data.getUint32(at, true) !== CENTRAL) throw bad();
      const [method, size] = [data.getUint16(at + 10, true), data.getUint32(at + 20, true)];
      const nameLength = data.getUint16(at + 28, true);
      const local = data.getUint32(at + 42, true);
      const name = new TextDecoder().decode(archive.subarray(at + 46, at + 46 + nameLength));
      at += 46 + nameLength + data.getUint16(at + 30, true) + data.getUint16(at + 32, true);
      if (name.endsWith('/')) continue;
      const from = local + 30 + data.getUint16(local + 26, true) + data.getUint16(local + 28, true);
      const packed = archive.subarray(from, from + size);
      if (packed.length < size) throw bad();
      if (method !== 0 && method !== 8) throw new CliError('zip: unsupported compression algorithm');
      const content = method === 0 ? packed : inflateRawSync(packed, { maxOutputLength: Math.max(1, room) });
      room -= content.length;
      if (room < 0) throw new CliError('zip: the files are too large for a context');
      files.push({ name, data: content });
    }
  } catch (error) {
    if (error instanceof CliError) throw error;
    const large = error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE';
    throw large ? new CliError('zip: the files are too large for a context') : bad();
  }
  return files;
}

function findDirectory(archive: Uint8Array, data: DataView, bad: () => Error): { count: number; start: number } {
  const first = Math.max(0, archive.length - END_SIZE - 0xffff);
  for (let at = archive.length - END_SIZE; at >= first; at--)
    if (data.getUint32(at, true) === END)
      return { count: data.getUint16(at + 10, true), start: data.getUint32(at + 16, true) };
  throw bad();
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
