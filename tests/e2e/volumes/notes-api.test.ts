// The handbook's project of two containers: an API and its PostgreSQL on a network of their own, the data in a volume.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { clientProgram } from '../../support/client.ts';
import { run } from '../../support/docker.ts';
import { startTestEngine, type TestEngine } from '../../support/engine.ts';
import { importPostgres, PGDATA, postgresReady } from '../../support/postgres.ts';
import { parseTable } from '../../support/table.ts';

const MINUTES = 60_000;
let engine: TestEngine;
beforeAll(async () => {
  engine = await startTestEngine();
  await importPostgres(engine);
  await makeApi();
}, 10 * MINUTES);
afterAll(() => engine?.stop());

type Client = 'berth' | 'docker';
const type = (client: Client, args: string[]) =>
  run(clientProgram(client), args, { env: { DOCKER_HOST: engine.host }, timeout: 5 * MINUTES });
async function ok(client: Client, line: string): Promise<string> {
  const args = line.trim().split(/\s+/);
  const { code, stdout, stderr } = await type(client, args);
  expect({ args, code, stderr }).toEqual({ args, code: 0, stderr: '' });
  return stdout;
}

/** A stand-in for the project's image: Node, the same five routes, and PostgreSQL's own client behind them. */
async function makeApi(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'berth-notes-'));
  try {
    writeFileSync(join(folder, 'www.mjs'), API);
    writeFileSync(join(folder, 'npm'), NPM, { mode: 0o755 });
    const node = realpathSync(new URL('../../../node_modules/.bin/node', import.meta.url));
    const [, atomic] = /libatomic\.so\.1 => (\S+)/.exec(execFileSync('ldd', [node], { encoding: 'utf8' })) ?? [];
    await ok('docker', 'create --name maker postgres:12');
    for (const [source, target] of [
      [node, '/usr/bin/node'],
      ...(atomic === undefined ? [] : [[realpathSync(atomic), '/usr/lib/libatomic.so.1']]),
      [join(folder, 'npm'), '/usr/bin/npm'],
      [join(folder, 'www.mjs'), '/usr/local/bin/www.mjs'],
    ])
      expect(await type('docker', ['cp', '-q', source!, `maker:${target}`])).toMatchObject({ code: 0, stderr: '' });
    const changes = ['CMD ["node", "/usr/local/bin/www.mjs"]', 'EXPOSE 3000', 'ENV LD_LIBRARY_PATH=/usr/lib'];
    const commit = ['commit', ...changes.flatMap((change) => ['--change', change]), 'maker', 'notes-api'];
    expect(await type('docker', commit)).toMatchObject({ code: 0, stderr: '' });
    await ok('docker', 'rm -v maker');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const NPM = `#!/bin/sh
[ "$1 $2" = 'run db:migrate' ] || exit 1
export PGPASSWORD="$DB_PASSWORD"
psql -q -v ON_ERROR_STOP=1 -h "$DB_HOST" -U postgres "$DB_DATABASE" -c 'create table notes (id serial, content text)'
echo 'Using environment: production'
echo 'Batch 1 run: 1 migrations'
`;

const API = `
import { spawnSync } from 'node:child_process';
import { createServer } from 'node:http';
const { DB_HOST, DB_DATABASE, DB_PASSWORD } = process.env;
const ask = (sql, variables = []) => {
  const args = ['-Atq', '-v', 'ON_ERROR_STOP=1', ...variables.flatMap((one) => ['-v', one]), '-h', DB_HOST, '-U', 'postgres', DB_DATABASE];
  const { status, stdout, stderr } = spawnSync('psql', args, { input: sql, encoding: 'utf8', env: { ...process.env, PGPASSWORD: DB_PASSWORD } });
  if (status !== 0) throw new Error(stderr);
  return stdout;
};
createServer(async (request, response) => {
  try {
    let body = '';
    for await (const chunk of request) body += chunk;
    if (request.method === 'POST') ask("insert into notes (content) values (:'content')", ['content=' + JSON.parse(body).content]);
    const answer = request.url === '/notes' ? ask("select coalesce(json_agg(content order by id), '[]') from notes") : 'Bonjour, mon ami';
    response.end(answer);
  } catch (error) {
    response.writeHead(500);
    response.end(String(error));
  }
}).listen(3000);
process.on('SIGTERM', () => process.exit(0));
`;

async function freePort(): Promise<number> {
  const server = createServer().listen(0);
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

describe.each(['berth', 'docker'] as const)('how to containerize a multi-container application, with %s', (client) => {
  let port: number;
  const database = `container run --detach --name=notes-db --env POSTGRES_DB=notesdb --env POSTGRES_PASSWORD=secret`;
  const api = () =>
    `container run --detach --name=notes-api --env DB_HOST=notes-db --env DB_DATABASE=notesdb --env DB_PASSWORD=secret
     --publish=${port}:3000 --network=notes-api-network notes-api`;
  const get = async (path: string, options: RequestInit = {}) => {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, options);
    return `${answer.status} ${await answer.text()}`.trim();
  };

  test(
    'the database, its volume, its network',
    async () => {
      port = await freePort();
      expect(await ok(client, 'network create notes-api-network')).toMatch(/^[0-9a-f]{64}\n$/);
      expect(await ok(client, `${database} --network=notes-api-network postgres:12`)).toMatch(/^[0-9a-f]{64}\n$/);
      await postgresReady(engine, 'notes-db');
      expect(await ok(client, 'volume create notes-db-data')).toBe('notes-db-data\n');
      expect(await ok(client, 'container stop notes-db')).toBe('notes-db\n');
      expect(await ok(client, 'container rm --volumes notes-db')).toBe('notes-db\n');
      await ok(client, `${database} --volume notes-db-data:${PGDATA} postgres:12`);
      expect(await ok(client, 'network connect notes-api-network notes-db')).toBe('');
      await postgresReady(engine, 'notes-db');
      const { stderr } = await type(client, ['container', 'logs', 'notes-db']);
      expect(stderr).toContain('database system is ready to accept connections');
      const [inspected] = JSON.parse(await ok(client, 'container inspect notes-db')) as [
        { Mounts: object[]; NetworkSettings: { Networks: object } },
      ];
      expect(inspected.Mounts).toMatchObject([
        {
          Type: 'volume',
          Name: 'notes-db-data',
          Destination: PGDATA,
          Driver: 'local',
          Mode: 'z',
          RW: true,
          Propagation: '',
        },
      ]);
      expect(Object.keys(inspected.NetworkSettings.Networks).sort()).toEqual(['bridge', 'notes-api-network']);
    },
    5 * MINUTES,
  );

  test(
    'the API finds the database by its name; the migration runs in it',
    async () => {
      expect(await ok(client, api())).toMatch(/^[0-9a-f]{64}\n$/);
      const rows = parseTable(await ok(client, 'container ls'));
      expect(rows.map((row) => [row['NAMES'], row['IMAGE']])).toEqual([
        ['notes-api', 'notes-api'],
        ['notes-db', 'postgres:12'],
      ]);
      await expect.poll(() => get('/').catch(String), { timeout: MINUTES }).toBe('200 Bonjour, mon ami');
      expect(await ok(client, 'container exec notes-api npm run db:migrate')).toContain('Batch 1 run: 1 migrations\n');
      expect(await get('/notes', { method: 'POST', body: JSON.stringify({ content: "it's kept" }) })).toBe(
        `200 ["it's kept"]`,
      );
    },
    5 * MINUTES,
  );

  test(
    'both containers go; others with the same volume have the notes',
    async () => {
      await ok(client, 'container rm --force --volumes notes-api notes-db');
      await ok(client, `${database} --network=notes-api-network --volume notes-db-data:${PGDATA} postgres:12`);
      await ok(client, api());
      await postgresReady(engine, 'notes-db');
      await expect.poll(() => get('/notes').catch(String), { timeout: MINUTES }).toBe(`200 ["it's kept"]`);
      // Stopped and started, as the project's boot.sh does it.
      await ok(client, 'container stop notes-api notes-db');
      await ok(client, 'container start notes-db notes-api');
      await postgresReady(engine, 'notes-db');
      await expect.poll(() => get('/notes').catch(String), { timeout: MINUTES }).toBe(`200 ["it's kept"]`);
    },
    5 * MINUTES,
  );

  test(
    'all of it is removed',
    async () => {
      await ok(client, 'container rm --force --volumes notes-api notes-db');
      expect(await ok(client, 'volume rm notes-db-data')).toBe('notes-db-data\n');
      expect(await ok(client, 'network rm notes-api-network')).toBe('notes-api-network\n');
      expect(await ok(client, 'volume ls --quiet')).toBe('');
    },
    MINUTES,
  );
});
