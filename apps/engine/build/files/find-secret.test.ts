import { expect, test } from 'vitest';
import { SecretFinder } from './find-secret.ts';

const value = Buffer.from('0123456789');
const finder = () => new SecretFinder([{ id: 's', value }]);

test('a value is found wherever pieces are cut', () => {
  const text = Buffer.concat([Buffer.alloc(20, 'a'), value, Buffer.alloc(20, 'b')]);
  for (let cut = 0; cut <= text.length; cut++) {
    const looking = finder();
    const found = [looking.push(text.subarray(0, cut)), looking.push(text.subarray(cut))];
    expect(found.filter((id) => id === 's')).toHaveLength(1);
  }
  const looking = finder();
  expect([...text].map((byte) => looking.push(Buffer.from([byte]))).filter(Boolean)).toEqual(['s']);
});

test('parts of it are not', () => {
  const looking = finder();
  expect([looking.push(value.subarray(0, 9)), looking.push(Buffer.from('x9'))]).toEqual([undefined, undefined]);
  looking.push(value.subarray(0, 5));
  looking.begin();
  expect(looking.push(value.subarray(5))).toBeUndefined();
});

test('nothing is looked for where nothing is forbidden', () => {
  expect(new SecretFinder([]).push(value)).toBeUndefined();
});
