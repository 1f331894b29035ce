import { expect, test } from 'vitest';
import { Scope } from './scope.ts';

test('undoes in reverse order, once, also when a step fails', async () => {
  const done: number[] = [];
  const scope = new Scope();
  scope.add('first', () => void done.push(1));
  scope.add('second', async () => {
    await Promise.resolve();
    throw new Error('no');
  });
  scope.add('third', () => void done.push(3));
  await expect(scope.close()).rejects.toThrow('cannot undo "second"');
  await expect(scope.close()).rejects.toThrow('cannot undo "second"');
  expect(done).toEqual([3, 1]);
});

test('the first failure is the one that is told', async () => {
  const scope = new Scope();
  for (const name of ['a', 'b'])
    scope.add(name, () => {
      throw new Error(name);
    });
  await expect(scope.close()).rejects.toThrow('cannot undo "b"');
});

test('what was released is not undone', async () => {
  const scope = new Scope();
  scope.add('x', () => expect.unreachable());
  scope.release();
  await scope.close();
});

test('a closed scope undoes at once what it is given', async () => {
  const scope = new Scope();
  await scope.close();
  await new Promise<void>((undone) => scope.add('late', undone));
});

test('using', async () => {
  const done: string[] = [];
  const work = async () => {
    await using scope = new Scope();
    scope.add('x', () => void done.push('undone'));
    done.push('work');
    throw new Error('fails');
  };
  await expect(work()).rejects.toThrow('fails');
  expect(done).toEqual(['work', 'undone']);
});
