import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { assembleHello, helloLayer } from './hello.ts';

test.skipIf(process.arch !== 'x64' && process.arch !== 'arm64')('the program writes its text and ends well', () => {
  const directory = mkdtempSync(join(tmpdir(), 'berth-hello-'));
  try {
    const path = join(directory, 'hello');
    const text = 'any text\nof two lines\n';
    writeFileSync(path, assembleHello(process.arch, Buffer.from(text)), { mode: 0o755 });
    expect(execFileSync(path, { encoding: 'utf8' })).toBe(text);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test('64-bit ARM: instructions as the architecture manual encodes them', () => {
  const program = assembleHello('arm64', Buffer.alloc(100));
  expect(program.readUInt16LE(18)).toBe(0xb7);
  const words = Array.from({ length: 8 }, (_, n) => program.readUInt32LE(120 + 4 * n).toString(16));
  // mov x0,#1; adr x1,.+28; mov x2,#100; mov x8,#64; svc #0; mov x0,#0; mov x8,#93; svc #0
  expect(words).toEqual([
    'd2800020',
    '100000e1',
    'd2800c82',
    'd2800808',
    'd4000001',
    'd2800000',
    'd2800ba8',
    'd4000001',
  ]);
});

test('the image says whose hello it is', () => {
  const { archive } = helloLayer('x64');
  expect(Buffer.from(archive as Uint8Array).toString('latin1')).toContain(
    'Hello from Berth!\nThis message shows that your installation appears to be working correctly.\n',
  );
});

test('other architectures are refused', () => {
  expect(() => assembleHello('riscv64', Buffer.alloc(0))).toThrow(expect.objectContaining({ code: 'not-supported' }));
});
