import { expect, test } from 'vitest';
import { EventTime, pack, readAcks } from './msgpack.ts';

test.each([
  ['a', 'a161'],
  ['x'.repeat(40), `d928${'78'.repeat(40)}`],
  ['x'.repeat(300), `da012c${'78'.repeat(300)}`],
  ['x'.repeat(70_000), `db00011170${'78'.repeat(70_000)}`],
  [Buffer.from([0xff, 0xfe]), 'a2fffe'],
  [5, '05'],
  [1_700_000_000, 'cf000000006553f100'],
  [new EventTime(1, 2), 'd7000000000100000002'],
  [['a', 1], '92a16101'],
  [Array.from({ length: 16 }, () => 0), `dc0010${'00'.repeat(16)}`],
  [new Map([['a', 'b']]), '81a161a162'],
  [new Map(Array.from({ length: 17 }, (_, n) => [String(n), n])), undefined],
])('%#', (value, hex) => {
  const packed = pack(value).toString('hex');
  if (hex === undefined) expect(packed).toMatch(/^de0011a13000/);
  else expect(packed).toBe(hex);
});

const ack = (id: string) =>
  Buffer.concat([Buffer.from([0x81, 0xa3]), Buffer.from('ack'), Buffer.from([0xa0 | id.length]), Buffer.from(id)]);

test('acknowledgements, also cut in two', () => {
  const bytes = Buffer.concat([ack('one'), ack('two')]);
  expect(readAcks(bytes).acks).toEqual(['one', 'two']);
  for (let cut = 0; cut < bytes.length; cut++) {
    const { acks, rest } = readAcks(bytes.subarray(0, cut));
    expect([...acks, ...readAcks(Buffer.concat([rest, bytes.subarray(cut)])).acks]).toEqual(['one', 'two']);
  }
  expect(() => readAcks(Buffer.from('HTTP/1.1 400 Bad Request'))).toThrow(/something else/);
});
