/** A system call to be tried, with its arguments; for x86-64. */
export interface SystemCall {
  name: string;
  number: number;
  arguments?: (number | bigint)[];
}

const BASE = 0x400000;
const HEADERS = 120;

/**
 * A program that makes system calls one after the other and writes their results to stdout, 8 bytes each (little
 * endian, a negative errno for a failure), for x86-64. It needs no C library and nothing else of the image.
 */
export function systemCallProgram(calls: readonly SystemCall[]): Buffer {
  const registers = [Buffer.from('48bf', 'hex'), Buffer.from('48be', 'hex'), Buffer.from('48ba', 'hex')]; // rdi rsi rdx
  registers.push(Buffer.from('49ba', 'hex'), Buffer.from('49b8', 'hex'), Buffer.from('49b9', 'hex')); // r10 r8 r9
  const call = ({ number, arguments: given = [] }: SystemCall) =>
    Buffer.concat([
      ...registers.flatMap((load, index) => [load, quad(given[index] ?? 0)]),
      Buffer.from('b8', 'hex'), // mov eax, number
      word(number),
      Buffer.from('0f05', 'hex'),
      Buffer.from('50', 'hex'), // push rax
      Buffer.from('4889e6', 'hex'), // mov rsi, rsp
      Buffer.from('bf01000000ba08000000b801000000', 'hex'), // write(1, rsp, 8)
      Buffer.from('0f05', 'hex'),
      Buffer.from('58', 'hex'), // pop rax
    ]);
  const end = Buffer.from('31ffb8e70000000f05', 'hex'); // exit_group(0)
  const code = Buffer.concat([...calls.map(call), end]);
  const file = Buffer.alloc(HEADERS + code.length);
  file.write('7f454c46020101', 0, 'hex');
  file.writeUInt16LE(2, 16);
  file.writeUInt16LE(62, 18);
  file.writeUInt32LE(1, 20);
  file.writeBigUInt64LE(BigInt(BASE + HEADERS), 24);
  file.writeBigUInt64LE(64n, 32);
  for (const [at, value] of [
    [52, 64],
    [54, 56],
    [56, 1],
  ] as const)
    file.writeUInt16LE(value, at);
  file.writeUInt32LE(1, 64);
  file.writeUInt32LE(5, 68);
  for (const at of [80, 88]) file.writeBigUInt64LE(BigInt(BASE), at);
  for (const at of [96, 104]) file.writeBigUInt64LE(BigInt(file.length), at);
  file.writeBigUInt64LE(4096n, 112);
  code.copy(file, HEADERS);
  return file;
}

/** The results by name: what the call returned, or a negative errno. */
export function systemCallResults(calls: readonly SystemCall[], output: Buffer): Record<string, number> {
  if (output.length !== calls.length * 8) throw new Error(`${output.length} bytes for ${calls.length} system calls`);
  return Object.fromEntries(calls.map(({ name }, index) => [name, Number(output.readBigInt64LE(index * 8))]));
}

function quad(value: number | bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt.asUintN(64, BigInt(value)));
  return bytes;
}

function word(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
