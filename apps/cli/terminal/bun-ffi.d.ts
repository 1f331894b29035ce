/** The parts of Bun's foreign function interface that the client uses. */
declare module 'bun:ffi' {
  /** Address of the first byte; good as long as the array lives. */
  export function ptr(bytes: Uint8Array): number;
  export function dlopen<const T extends Record<string, { args: readonly string[]; returns: string }>>(
    library: string,
    symbols: T,
  ): { symbols: { [K in keyof T]: (...args: (number | bigint | Uint8Array | null)[]) => number } };
}
