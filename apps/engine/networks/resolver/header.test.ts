import { encode } from 'dns-packet';
import { expect, test } from 'vitest';
import { answer, PLAIN_UDP, questionOf } from './answer.ts';
import type { NamedSandbox } from './protocol.ts';
import { Zones } from './zones.ts';

const sandbox: NamedSandbox = {
  ...{ id: 'a', namespacePath: '', udpPort: 0, tcpPort: 0, dns: [], outside: true, networks: [] },
};
const ask = (message: Buffer) => answer(new Zones(), sandbox, message, PLAIN_UDP);
const plain = () => encode({ type: 'query', id: 4711, flags: 0x100, questions: [{ type: 'A', name: 'some.example' }] });
const counted = (at: number, count: number) => {
  const message = plain();
  message.writeUInt16BE(count, at);
  return message;
};

/** Every question's name is a pointer to the one before it: reading it all takes seconds. */
function chain(count: number, flags = 0x100): Buffer {
  const message = Buffer.alloc(12 + 1 + 4 + count * 6);
  message.writeUInt16BE(4711, 0);
  message.writeUInt16BE(flags, 2);
  message.writeUInt16BE(count + 1, 4);
  for (let i = 0; i < count; i++) {
    const at = 17 + i * 6;
    message.writeUInt16BE(0xc000 | Math.min(i === 0 ? 12 : at - 6, 0x3fff), at);
  }
  return message;
}

test('a query of thousands of names in chains costs nothing', () => {
  const before = performance.now();
  expect(ask(chain(10_000))).toEqual({ kind: 'reply', message: Buffer.from('126781010000000000000000', 'hex') });
  expect(questionOf(chain(10_000, 0x8180))).toBeUndefined();
  expect(performance.now() - before).toBeLessThan(200);
});

test('what no resolver sends is a format error; what is no query gets no reply', () => {
  for (const [at, count] of [
    [4, 0],
    [4, 2],
    [6, 1],
    [8, 1],
    [10, 3],
  ] as const)
    expect(ask(counted(at, count))).toMatchObject({ kind: 'reply', message: { length: 12, 3: 1 } });
  expect(ask(Buffer.concat([plain(), Buffer.alloc(4097)]))).toMatchObject({ message: { length: 12, 3: 1 } });
  expect(ask(plain()).kind).toBe('outside');
  expect(ask(plain().subarray(0, 11)).kind).toBe('drop');
  const response = plain();
  response[2]! |= 0x80;
  expect(ask(response).kind).toBe('drop');
});

test('the question of a reply is read whatever else it claims to have', () => {
  expect(questionOf(counted(6, 65_535))).toMatchObject({ name: 'some.example', type: 'A' });
  const longest = `${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(60)}`;
  expect(questionOf(encode({ type: 'query', questions: [{ type: 'TXT', name: longest }] }))?.name).toBe(longest);
});
