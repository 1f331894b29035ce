import { expect, test } from 'vitest';
import { KeptContents } from './kept-contents.ts';

function keep(contents: KeptContents, path: string, text: string): boolean {
  const room = contents.room(text.length);
  if (room === undefined) return false;
  room.write(text, 'latin1');
  contents.keep(path, room);
  return true;
}
const textOf = (contents: KeptContents, path: string) => contents.of(path)?.toString('latin1');

test('each file has a content of its own, the last one of its path', () => {
  const contents = new KeptContents();
  keep(contents, '/a', 'one');
  keep(contents, '/b', '');
  keep(contents, '/a', 'two');
  keep(contents, '/c', 'three');
  expect(['/a', '/b', '/c', '/d'].map((path) => textOf(contents, path))).toEqual(['two', '', 'three', undefined]);
  contents.forget('/a');
  expect(textOf(contents, '/a')).toBeUndefined();
});

test('room that nothing was kept in is given again', () => {
  const contents = new KeptContents();
  contents.room(4)?.write('gone');
  keep(contents, '/a', 'here');
  expect(textOf(contents, '/a')).toBe('here');
});

test('large files are not kept, nor more than there is memory for', () => {
  const contents = new KeptContents();
  expect(contents.room(65 * 1024)).toBeUndefined();
  const text = 'x'.repeat(64 * 1024);
  let kept = 0;
  while (keep(contents, `/${kept}`, text)) kept++;
  expect(kept).toBe(512);
});

test('nothing is kept after it was closed', () => {
  const contents = new KeptContents();
  keep(contents, '/a', 'one');
  contents.close();
  expect([textOf(contents, '/a'), contents.room(1)]).toEqual([undefined, undefined]);
});
