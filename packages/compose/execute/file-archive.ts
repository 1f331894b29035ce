import { readFileSync } from 'node:fs';
import { BerthError } from '@berth/kit';
import type { FileCopy } from '../containers/mounts.ts';

const BLOCK = 512;

/** An archive of small files for `PUT /containers/ID/archive?path=/`. Modes, owners and names are those that are wished. */
export function fileArchive(files: readonly FileCopy[]): Uint8Array {
  const parts = files.flatMap((file) => {
    const content = file.content === undefined ? readFileSync(file.file ?? '') : new TextEncoder().encode(file.content);
    const padding = new Uint8Array((BLOCK - (content.length % BLOCK)) % BLOCK);
    return [header(file, content.length), content, padding];
  });
  parts.push(new Uint8Array(2 * BLOCK));
  return Buffer.concat(parts);
}

function header({ target, uid, gid, mode }: FileCopy, size: number): Uint8Array {
  const block = Buffer.alloc(BLOCK);
  const { name, prefix } = splitName(target.replace(/^\/+/, ''));
  const octal = (value: number, length: number) => `${value.toString(8).padStart(length - 1, '0')}\0`;
  block.write(name, 0);
  block.write(octal(mode & 0o7777, 8), 100);
  block.write(octal(uid, 8), 108);
  block.write(octal(gid, 8), 116);
  block.write(octal(size, 12), 124);
  block.write(octal(0, 12), 136);
  block.write('        ', 148);
  block.write('0', 156);
  block.write('ustar\x0000', 257);
  block.write(prefix, 345);
  block.write(
    `${block
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, '0')}\0 `,
    148,
  );
  return block;
}

/** ustar takes 100 bytes, and 155 of folders before them. */
function splitName(path: string): { name: string; prefix: string } {
  if (Buffer.byteLength(path) <= 100) return { name: path, prefix: '' };
  for (let at = path.indexOf('/'); at >= 0; at = path.indexOf('/', at + 1)) {
    const [prefix, name] = [path.slice(0, at), path.slice(at + 1)];
    if (Buffer.byteLength(prefix) <= 155 && Buffer.byteLength(name) <= 100) return { name, prefix };
  }
  throw new BerthError('invalid', `the target of a config or secret is too long: /${path}`);
}
