/**
 * The smallest program there is: it ends with status 0. Made here, byte by byte, so that the probe of a runtime needs
 * nothing from the host (ELF-64, elf(5); exit_group(2)).
 */
export function minimalProgram(): Buffer {
  const machine = process.arch === 'arm64' ? 183 : 62;
  const code =
    process.arch === 'arm64'
      ? Buffer.from('000080d2c80b80d2010000d4', 'hex') // mov x0,#0; mov x8,#94; svc #0
      : Buffer.from('31ffb8e70000000f05', 'hex'); // xor edi,edi; mov eax,231; syscall
  const base = 0x400000n;
  const headers = 120;
  const file = Buffer.alloc(headers + code.length);
  file.write('7f454c46020101', 0, 'hex');
  file.writeUInt16LE(2, 16); // ET_EXEC
  file.writeUInt16LE(machine, 18);
  file.writeUInt32LE(1, 20);
  file.writeBigUInt64LE(base + BigInt(headers), 24); // entry
  file.writeBigUInt64LE(64n, 32); // program headers follow
  file.writeUInt16LE(64, 52);
  file.writeUInt16LE(56, 54);
  file.writeUInt16LE(1, 56);
  file.writeUInt32LE(1, 64); // PT_LOAD
  file.writeUInt32LE(5, 68); // read, execute
  file.writeBigUInt64LE(base, 80);
  file.writeBigUInt64LE(base, 88);
  file.writeBigUInt64LE(BigInt(file.length), 96);
  file.writeBigUInt64LE(BigInt(file.length), 104);
  file.writeBigUInt64LE(4096n, 112);
  code.copy(file, headers);
  return file;
}
