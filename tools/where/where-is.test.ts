import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../rules/tree.ts';
import { emptyCells, page, type Row, whereIs } from './table.ts';

describe('where is what', () => {
  const rows = whereIs();

  it('has a place for every command', () => {
    expect(emptyCells(rows)).toEqual([]);
  });

  it('is written down as it is', () => {
    expect(readFileSync(join(ROOT, 'docs/where-is.md'), 'utf8'), 'run `npm run where-is`').toBe(page(rows));
  });

  it('follows a command from the client to the engine', () => {
    expect(rows.find(({ command }) => command.startsWith('container stop'))).toMatchObject({
      command: 'container stop, stop',
      cli: ['apps/cli/commands/container/stop.ts'],
      client: expect.arrayContaining(['packages/client/containers/stop.ts']),
      routes: expect.arrayContaining(['POST /containers/{id}/stop']),
      engine: expect.arrayContaining(['apps/engine/containers/stop.ts']),
      tests: expect.arrayContaining(['tests/e2e/handbook/handbook.ts']),
    });
  });

  it('names what is missing', () => {
    const row: Row = { command: 'x', cli: ['a'], client: [], routes: ['b'], engine: ['c'], tests: [] };
    expect(emptyCells([row])).toEqual(['x: no client', 'x: no tests']);
  });
});
