import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type FakeEngine, startFakeEngine } from '../../../tests/support/fake-engine.ts';
import { runBerth } from '../../../tests/support/side-by-side.ts';

let engine: FakeEngine;
let folder: string;
let file: string;
beforeAll(async () => {
  engine = await startFakeEngine({});
  folder = mkdtempSync(join(tmpdir(), 'berth-completion-'));
  file = join(folder, 'shop.yaml');
  writeFileSync(
    file,
    'services: {web: {image: a}, worker: {image: a}, db: {image: a}, tool: {image: a, profiles: [tools]}}\n',
  );
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await engine[Symbol.asyncDispose]();
});

/** The names; FILE stands for the project's file. */
async function names(line: string): Promise<string[]> {
  const words = line.split(' ').map((word) => (word === 'FILE' ? file : word));
  const { stdout } = await runBerth(engine, ['__complete', ...words]);
  const lines = stdout.trimEnd().split('\n').slice(0, -1);
  return lines.map((text) => text.split('\t')[0] ?? '');
}

it.each([
  ['compose p', ['pause', 'plan', 'port', 'ps', 'publish', 'pull', 'push']],
  ['compose bri', ['bridge']],
  ['compose bridge ', ['convert', 'transformations']],
  ['compose bridge transformations ', ['create', 'list']],
  ['compose --project-n', ['--project-name']],
  ['compose --progress ', ['auto', 'json', 'plain', 'quiet', 'tty']],
  ['compose up --remove', ['--remove-orphans']],
  ['compose up --pull ', ['always', 'missing', 'never']],
  ['compose -f FILE up ', ['db', 'tool', 'web', 'worker']],
  ['compose -f FILE up -d web w', ['worker']],
  ['compose -f FILE logs --follow w', ['web', 'worker']],
  ['compose -f FILE exec ', ['db', 'tool', 'web', 'worker']],
  ['compose -f FILE exec web ', []],
  ['compose -f FILE up --attach w', ['web', 'worker']],
  ['compose -f FILE ls ', []],
  ['compose -f /nonexistent up ', []],
  ['compose nothing ', []],
])('%s', async (line, expected) => {
  expect(await names(line)).toEqual(expected);
});

it('says what the commands do', async () => {
  const { stdout } = await runBerth(engine, ['__complete', 'compose', 'pau']);
  expect(stdout).toBe('pause\tPause services\n:4\n');
});
