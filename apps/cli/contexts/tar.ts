import { CliError } from '../cli-error.ts';

/** A file, or a folder when it has no data. */
export interface TarFile {
  name: string;
  mode: number;
  data?: Uint8Array;
}

const BLOCK = 512;

/** A ustar archive owned by root and dated 1970, as Docker exports contexts. */
export function writeTar(files: readonly TarFile[]): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const file of files) {
    parts.push(header(file));
    if (file.data) parts.push(file.data, new Uint8Array((BLOCK - (file.data.length % BLOCK)) % BLOCK));
  }
  parts.push(new Uint8Array(2 * BLOCK));
  return Buffer.concat(parts);
}

function header({ name, mode, data }: TarFile): Uint8Array {
  const block = new Uint8Array(BLOCK);
  const text = (at: number, value: string) => block.set(new TextEncoder().encode(value), at);
  const octal = (at: number, width: number, value: number) => text(at, value.toString(8).padStart(width - 1, '0'));
  if (new TextEncoder().encode(name).length > 100) throw new CliError(`name too long for an archive: ${name}`);
  text(0, name);
  octal(100, 8, mode);
  octal(108, 8, 0);
  octal(116, 8, 0);
  octal(124, 12, data?.length ?? 0);
  octal(136, 12, 0);
  text(148, ' '.repeat(8));
  text(156, data ? '0' : '5');
  text(257, 'ustar\x0000');
  octal(329, 8, 0);
  octal(337, 8, 0);
  const sum = block.reduce((total, byte) => total + byte, 0);
  text(148, `${sum.toString(8).padStart(6, '0')}\0 `);
  return block;
}

/**
 * The regular files of a tar archive. Folders, links and devices are passed over: nothing of them is wanted. Throws
 * CliError when it is cut or damaged.
 */
export function readTar(archive: Uint8Array): { name: string; data: Uint8Array }[] {
  const files: { name: string; data: Uint8Array }[] = [];
  let paxName: string | undefined;
  for (let at = 0; at < archive.length; ) {
    const block = archive.subarray(at, at + BLOCK);
    if (block.length < BLOCK) throw new CliError('unexpected EOF');
    if (block.every((byte) => byte === 0)) {
      if (archive.length < at + 2 * BLOCK) throw new CliError('unexpected EOF');
      break;
    }
    checkSum(block);
    const size = readOctal(block, 124, 12);
    const start = at + BLOCK;
    if (start + size > archive.length) throw new CliError('unexpected EOF');
    const data = archive.subarray(start, start + size);
    const kind = String.fromCharCode(block[156] ?? 0);
    if (kind === 'x') paxName = paxPath(data);
    else if (kind === '0' || kind === '\0') files.push({ name: paxName ?? readName(block), data });
    if (kind !== 'x') paxName = undefined;
    at = start + Math.ceil(size / BLOCK) * BLOCK;
  }
  return files;
}

function readName(block: Uint8Array): string {
  const name = readText(block, 0, 100);
  const prefix = readText(block, 257, 6) === 'ustar' ? readText(block, 345, 155) : '';
  return prefix ? `${prefix}/${name}` : name;
}

function readText(block: Uint8Array, at: number, width: number): string {
  const field = block.subarray(at, at + width);
  const end = field.indexOf(0);
  return new TextDecoder().decode(end < 0 ? field : field.subarray(0, end));
}

function readOctal(block: Uint8Array, at: number, width: number): number {
  const text = readText(block, at, width).trim();
  if (!/^[0-7]*$/.test(text)) throw new CliError('archive/tar: invalid tar header');
  return Number.parseInt(text || '0', 8);
}

function checkSum(block: Uint8Array): void {
  const sum = block.reduce((total, byte, index) => total + (index >= 148 && index < 156 ? 32 : byte), 0);
  if (sum !== readOctal(block, 148, 8)) throw new CliError('archive/tar: invalid tar header');
}

/** `LENGTH path=NAME\n` among a member's extended attributes. */
function paxPath(data: Uint8Array): string | undefined {
  return /^\d+ path=(.*)$/m.exec(new TextDecoder().decode(data))?.[1];
}
