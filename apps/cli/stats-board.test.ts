import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EngineClient } from '@berth/client';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { StatsBoard } from './stats-board.ts';

/** An engine that only knows stats; a stream sends one look and stays open. */
let server: Server;
let folder: string;
let board: StatsBoard | undefined;
let streams: Map<string, ServerResponse>;
let polls: Map<string, number>;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'berth-board-'));
  streams = new Map();
  polls = new Map();
  server = createServer((request, response) => {
    const [, id = '', stream] = /containers\/([^/]+)\/stats\?stream=(\d)/.exec(request.url ?? '') ?? [];
    if (id === 'nobody') return void response.writeHead(404).end('{"message":"No such container: nobody"}');
    response.writeHead(200, { 'Content-Type': 'application/json' });
    response.write(`${JSON.stringify({ id, name: `/${id}` })}\n`);
    if (stream === '0') {
      polls.set(id, (polls.get(id) ?? 0) + 1);
      response.end();
    } else {
      streams.set(id, response);
      response.on('close', () => streams.delete(id));
    }
  });
  await new Promise<void>((done) => server.listen(join(folder, 's'), done));
});
afterEach(async () => {
  board?.close();
  server.closeAllConnections();
  await new Promise((done) => server.close(done));
  rmSync(folder, { recursive: true, force: true });
});

const open = (live: boolean) => new StatsBoard(new EngineClient({ host: `unix://${folder}/s` }), live);

test('of very many containers some are streams, the rest is asked for in turn', async () => {
  board = open(true);
  for (let number = 0; number < 230; number++) board.add(`c${number}`, `c${number}`);
  await board.firstLook();
  expect(board.rows().filter(({ seen }) => seen !== undefined)).toHaveLength(230);
  expect([streams.size, polls.size]).toEqual([200, 30]);
  await vi.waitFor(() => expect(Math.min(...polls.values())).toBeGreaterThan(1), { timeout: 10_000 });
}, 30_000);

test('what is removed is let go, what ends goes by itself', async () => {
  board = open(true);
  for (const name of ['a', 'b', 'c']) board.add(name, name);
  await board.firstLook();
  board.remove('a');
  streams.get('b')?.end();
  await vi.waitFor(() => expect([...streams.keys()]).toEqual(['c']), { timeout: 10_000 });
  await vi.waitFor(() => expect(board?.rows().map(({ container }) => container)).toEqual(['c']), { timeout: 10_000 });
});

test('a single look ends with it; what is not there is an error', async () => {
  board = open(false);
  board.add('a', 'a');
  board.add('nobody', 'nobody');
  await board.firstLook();
  expect(board.rows().map(({ container, seen }) => [container, seen?.name])).toEqual([
    ['a', '/a'],
    ['nobody', undefined],
  ]);
  expect(board.errors()).toEqual([expect.objectContaining({ code: 'not-found' })]);
});
