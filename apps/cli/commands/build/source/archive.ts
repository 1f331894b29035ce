import { closeSync, openSync, readSync } from 'node:fs';
import { CliError } from '../../../cli-error.ts';
import { NO_RULES } from './ignore-rules.ts';
import { readAll } from './open.ts';
import type { ArchiveSource, DirectorySource, DockerfilePlace, Source } from './source.ts';

const BLOCK = 512;
const MAGICS: readonly (readonly number[])[] = [
  [0x1f, 0x8b, 0x08],
  [0x42, 0x5a, 0x68],
  [0xfd, 0x37, 0x7a, 0x58, 0x5a],
  [0x28, 0xb5, 0x2f, 0xfd],
];

/** True for a tar, plain or compressed, by its first bytes. */
export function isArchive(head: Uint8Array): boolean {
  if (MAGICS.some((magic) => magic.every((byte, at) => head[at] === byte))) return true;
  if (head.length < BLOCK) return false;
  // ustar's mark, or the sum of a header's bytes for older ones.
  if (Buffer.from(head.subarray(257, 262)).toString('latin1') === 'ustar') return true;
  const stated = Number.parseInt(
    Buffer.from(head.subarray(148, 156)).toString('latin1').replaceAll('\0', ' ').trim(),
    8,
  );
  let sum = 0;
  for (let at = 0; at < BLOCK; at++) sum += at >= 148 && at < 156 ? 0x20 : (head[at] ?? 0);
  return sum === stated;
}

/** The same for a file of this machine. */
export function looksLikeArchive(path: string): boolean {
  const head = Buffer.alloc(BLOCK);
  const fd = openSync(path, 'r');
  try {
    return isArchive(head.subarray(0, readSync(fd, head, 0, BLOCK, 0)));
  } finally {
    closeSync(fd);
  }
}

/** A stream that is either a tar or a Dockerfile alone. */
export async function archiveOrDockerfile(
  chunks: AsyncGenerator<Uint8Array>,
  { file, where }: { file: string; where: string },
): Promise<Source> {
  let head = Buffer.alloc(0);
  while (head.length < BLOCK) {
    const next = await chunks.next();
    if (next.done) break;
    head = Buffer.concat([head, next.value]);
  }
  const body = (async function* () {
    if (head.length > 0) yield head;
    yield* chunks;
  })();
  if (isArchive(head)) {
    const dockerfile: DockerfilePlace = { inContext: file || 'Dockerfile' };
    return { kind: 'archive', body, dockerfile, dispose: async () => {} } satisfies ArchiveSource;
  }
  if (file !== '')
    throw new CliError(
      `ambiguous Dockerfile source: both ${where === 'STDIN' ? 'stdin' : where} and flag correspond to Dockerfiles`,
    );
  return onlyDockerfile(await readAll(body));
}

/** A build without a context: the Dockerfile is all. */
export function onlyDockerfile(text: Buffer): DirectorySource {
  const dispose = async () => {};
  return { kind: 'directory', root: '', dockerfile: { name: 'Dockerfile', text }, rules: NO_RULES, dispose };
}
