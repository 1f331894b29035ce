export type { TarEntry, TarType } from './entry.ts';
export { BLOCK, paddingOf } from './entry.ts';
export type { TarEvent } from './parser.ts';
export { TarParser } from './parser.ts';
export type { TarFile } from './read-tar.ts';
export { readTar } from './read-tar.ts';
export type { TarEntryInit } from './writer.ts';
export { encodeTarFile, encodeTarHeader, TAR_END, tarPadding } from './writer.ts';
