import { BerthError } from '@berth/kit';
import { encodeTarFile, TAR_END } from '@berth/oci';
import type { StarterLayer } from './index.ts';

const TEXT = `
Hello from Berth!
This message shows that your installation appears to be working correctly.

To generate this message, Berth took the following steps:
 1. The client contacted the Berth engine.
 2. The engine found the "hello-world" image that you have here: a starter
    image, made on this machine.
 3. The engine created a new container from that image, which runs the
    program that produces the output you are reading.
 4. The engine streamed that output to the client, which sent it to your
    terminal.

To try something more ambitious, you can run a shell in a container:
 $ berth run -it busybox sh

`;

/** When the text was last changed, in milliseconds since the epoch. */
const CREATED = Date.UTC(2026, 10, 20);

/** One file, `/hello`: a program that writes the text and ends. */
export function helloLayer(architecture: string = process.arch): StarterLayer {
  const program = assembleHello(architecture, Buffer.from(TEXT));
  return {
    archive: Buffer.concat([
      encodeTarFile({ name: 'hello', mode: 0o755, mtime: BigInt(CREATED) * 1_000_000n }, program),
      TAR_END,
    ]),
    createdAt: CREATED,
    madeBy: 'COPY hello / # assembled by Berth',
  };
}

/**
 * A static ELF program without a C library: write(1, text), exit(0), in machine code. Errors: not-supported for
 * architectures other than x86-64 and 64-bit ARM.
 */
export function assembleHello(architecture: string, text: Buffer): Buffer {
  if (architecture === 'x64') return elf(0x3e, codeX64(text.length), text);
  if (architecture === 'arm64') return elf(0xb7, codeArm64(text.length), text);
  throw new BerthError('not-supported', `the starter image hello-world is not there for ${architecture}`);
}

function codeX64(length: number): Buffer {
  const code = Buffer.from(
    [
      'b801000000', // mov eax, 1 (write)
      'bf01000000', // mov edi, 1 (standard output)
      '488d3500000000', // lea rsi, [rip + distance to the text]
      'ba00000000', // mov edx, length
      '0f05', // syscall
      'b83c000000', // mov eax, 60 (exit)
      '31ff', // xor edi, edi
      '0f05', // syscall
    ].join(''),
    'hex',
  );
  code.writeInt32LE(code.length - 17, 13);
  code.writeUInt32LE(length, 18);
  return code;
}

function codeArm64(length: number): Buffer {
  const size = 8 * 4;
  const adr = (0x10000001 | ((((size - 4) >> 2) & 0x7ffff) << 5)) >>> 0;
  const words = [
    0xd2800020, // mov x0, #1 (standard output)
    adr, // adr x1, text
    (0xd2800002 | (length << 5)) >>> 0, // mov x2, #length
    0xd2800808, // mov x8, #64 (write)
    0xd4000001, // svc #0
    0xd2800000, // mov x0, #0
    0xd2800ba8, // mov x8, #93 (exit)
    0xd4000001, // svc #0
  ];
  const code = Buffer.alloc(size);
  for (const [n, word] of words.entries()) code.writeUInt32LE(word, n * 4);
  return code;
}

/** ELF64, little endian, one segment that is read and executed; code first, text right behind it. */
function elf(machine: number, code: Buffer, text: Buffer): Buffer {
  const base = 0x400000n;
  const headers = 64 + 56;
  const total = BigInt(headers + code.length + text.length);
  const header = Buffer.alloc(headers);
  header.write('\x7fELF\x02\x01\x01', 'latin1');
  header.writeUInt16LE(2, 16); // executable
  header.writeUInt16LE(machine, 18);
  header.writeUInt32LE(1, 20);
  header.writeBigUInt64LE(base + BigInt(headers), 24); // entry point
  header.writeBigUInt64LE(64n, 32); // program headers
  header.writeUInt16LE(64, 52);
  header.writeUInt16LE(56, 54);
  header.writeUInt16LE(1, 56);
  header.writeUInt32LE(1, 64); // PT_LOAD
  header.writeUInt32LE(5, 68); // read, execute
  header.writeBigUInt64LE(base, 80);
  header.writeBigUInt64LE(base, 88);
  header.writeBigUInt64LE(total, 96);
  header.writeBigUInt64LE(total, 104);
  header.writeBigUInt64LE(0x10000n, 112);
  return Buffer.concat([header, code, text]);
}
