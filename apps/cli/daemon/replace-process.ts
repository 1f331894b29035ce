/**
 * Becomes another program: same process id, streams and environment, so that service managers and terminals see the
 * engine itself. Does not return; throws when the program cannot be run.
 */
export async function replaceProcess(program: string, args: readonly string[]): Promise<never> {
  if (typeof Bun === 'undefined') {
    if (!process.execve) throw new Error('this Node is too old to become another program');
    return process.execve(program, [program, ...args]);
  }
  const { dlopen, ptr } = await import('bun:ffi');
  const { symbols } = dlopen('libc.so.6', { execv: { args: ['cstring', 'ptr'], returns: 'i32' } });
  const texts = [program, ...args].map((text) => Buffer.from(`${text}\0`));
  const [path = Buffer.from('\0')] = texts;
  // A list of addresses, ended by null.
  const list = new BigUint64Array([...texts.map((text) => BigInt(ptr(text))), 0n]);
  symbols.execv(path, new Uint8Array(list.buffer));
  throw new Error(`cannot run ${program}`);
}
