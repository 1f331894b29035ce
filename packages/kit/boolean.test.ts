import { expect, it } from 'vitest';
import { readBoolean } from './boolean.ts';

it.each([
  [['1', 't', 'T', 'true', 'True', 'TRUE'], true],
  [['0', 'f', 'F', 'false', 'False', 'FALSE'], false],
  [['', 'maybe', 'yes', 'tRUE', '10', ' true'], undefined],
])('%j', (texts, read) => {
  for (const text of texts) expect(readBoolean(text)).toBe(read);
});
