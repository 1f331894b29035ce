// A real database in a named volume: the handbook's section on volumes, and data that outlives kills and removals.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { clientProgram } from '../../support/client.ts';
import { run } from '../../support/docker.ts';
import { startTestEngine, type TestEngine } from '../../support/engine.ts';
import { importPostgres, PGDATA, postgresReady } from '../../support/postgres.ts';

/** The issue asks for 50 each: PG_KILLS=50 PG_SNAPSHOTS=50. */
const KILLS = Number(process.env['PG_KILLS'] ?? 10);
const SNAPSHOTS = Number(process.env['PG_SNAPSHOTS'] ?? 4);
const MINUTES = 60_000;

let engine: TestEngine;
beforeAll(async () => {
  engine = await startTestEngine();
  await importPostgres(engine);
}, 10 * MINUTES);
afterAll(() => engine?.stop());

async function type(client: 'berth' | 'docker', args: string[]) {
  return run(clientProgram(client), args, { env: { DOCKER_HOST: engine.host }, timeout: 5 * MINUTES });
}
async function ok(client: 'berth' | 'docker', args: string[]): Promise<string> {
  const { code, stdout, stderr } = await type(client, args);
  expect({ args, code, stderr }).toEqual({ args, code: 0, stderr: '' });
  return stdout;
}
const ready = (name: string) => postgresReady(engine, name);
const sql = async (name: string, statement: string, database = 'notesdb') =>
  (await ok('docker', ['exec', name, 'psql', '-U', 'postgres', '-Atqc', statement, database])).trim();

/** `t` when there are so many more transactions than before. */
const grown = (name: string, before: number) =>
  sql(name, `select count(*) > ${before + 50} from pgbench_history`, 'bench');
/** Every transaction of pgbench moves one sum in all four tables: 1 when each is there whole or not at all. */
const differentSums = (name: string) =>
  sql(
    name,
    `select count(distinct sum) from (select sum(abalance) from pgbench_accounts union all select sum(bbalance) from pgbench_branches
     union all select sum(tbalance) from pgbench_tellers union all select sum(delta) from pgbench_history) sums`,
    'bench',
  );

describe.each(['berth', 'docker'] as const)('how to work with named volumes in Docker, with %s', (client) => {
  const [name, volume] = [`notes-db-${client}`, `notes-db-data-${client}`];
  const environment = ['--env', 'POSTGRES_DB=notesdb', '--env', 'POSTGRES_PASSWORD=secret'];
  const start = ['container', 'run', '--detach', '--volume', `${volume}:${PGDATA}`, '--name', name, ...environment];

  test('volume create, volume ls', async () => {
    expect(await ok(client, ['volume', 'create', volume])).toBe(`${volume}\n`);
    expect(await ok(client, ['volume', 'ls', '--filter', `name=${volume}`])).toMatch(
      new RegExp(`^DRIVER +VOLUME NAME\nlocal +${volume}\n$`),
    );
  });

  test('a database without a volume of its own has an anonymous one, which its user owns', async () => {
    await ok(client, ['container', 'run', '--detach', '--name', name, ...environment, 'postgres:12']);
    await ready(name);
    const shown = await ok(client, ['container', 'inspect', '--format={{range .Mounts}} {{ .Name }} {{end}}', name]);
    expect(shown).toMatch(/^ [0-9a-f]{64} \n$/);
    expect(await ok(client, ['exec', name, 'stat', '-c', '%u:%g %a', PGDATA])).toBe('999:999 700\n');
    expect(await ok(client, ['container', 'stop', name])).toBe(`${name}\n`);
    expect(await ok(client, ['container', 'rm', '--volumes', name])).toBe(`${name}\n`);
    expect((await type(client, ['volume', 'inspect', shown.trim()])).code).toBe(1);
  });

  test('data in the named volume is there for the next container', async () => {
    expect(await ok(client, [...start, 'postgres:12'])).toMatch(/^[0-9a-f]{64}\n$/);
    expect(await ok(client, ['container', 'inspect', '--format={{range .Mounts}} {{ .Name }} {{end}}', name])).toBe(
      ` ${volume} \n`,
    );
    await ready(name);
    await sql(name, "create table notes (text text); insert into notes values ('remember')");
    const refused = await type(client, ['volume', 'rm', volume]);
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toMatch(
      new RegExp(`^Error response from daemon: remove ${volume}: volume is in use - \\[[0-9a-f]{64}\\]\n$`),
    );
    await ok(client, ['container', 'stop', name]);
    await ok(client, ['container', 'rm', name]);
    await ok(client, [...start, 'postgres:12']);
    await ready(name);
    expect(await sql(name, 'select text from notes')).toBe('remember');
    const { stdout } = await type(client, ['container', 'logs', name]);
    expect(stdout).not.toContain('init process complete');
  });

  test('prune leaves it, removal of the container frees it', async () => {
    expect(await ok(client, ['volume', 'prune', '--all', '--force'])).toBe('Total reclaimed space: 0B\n');
    const usage = await ok(client, ['system', 'df', '--format', '{{.Type}} {{.TotalCount}} {{.Active}}']);
    expect(usage).toContain('Local Volumes 1 1\n');
    await ok(client, ['container', 'rm', '--force', '--volumes', name]);
    expect(await ok(client, ['volume', 'ls', '--quiet'])).toBe(`${volume}\n`);
    expect(await ok(client, ['system', 'prune', '--force', '--volumes'])).toContain('Total reclaimed space: ');
    expect(await ok(client, ['volume', 'ls', '--quiet'])).toBe(`${volume}\n`);
    expect(await ok(client, ['volume', 'prune', '--all', '--force'])).toMatch(
      new RegExp(`^Deleted Volumes:\n${volume}\n\nTotal reclaimed space: [0-9.]+MB\n$`),
    );
  });
});

test(
  `a database under load that is killed ${KILLS} times has whole data each time`,
  async () => {
    const [name, volume] = ['bench-db', 'bench-data'];
    const start = ['run', '-d', '--name', name, '-v', `${volume}:${PGDATA}`, '-e', 'POSTGRES_PASSWORD=secret'];
    await ok('docker', [...start, '-e', 'POSTGRES_DB=bench', 'postgres:12']);
    await ready(name);
    await ok('docker', ['exec', name, 'sh', '-c', 'pgbench -U postgres -q -i -s 2 bench 2>&1']);
    let before = -1;
    for (let kill = 0; kill < KILLS; kill++) {
      await ok('docker', [
        'exec',
        '-d',
        name,
        'pgbench',
        '-n',
        '-U',
        'postgres',
        '-c',
        '4',
        '-R',
        '300',
        '-T',
        '600',
        'bench',
      ]);
      await expect.poll(() => grown(name, before), { timeout: MINUTES }).toBe('t');
      const seen = Number(await sql(name, 'select count(*) from pgbench_history', 'bench'));
      await ok('docker', ['kill', name]);
      await ok('docker', ['wait', name]);
      // Every third time the container goes as well, and another one takes its place.
      if (kill % 3 === 2) {
        await ok('docker', ['rm', name]);
        await ok('docker', [...start, 'postgres:12']);
      } else await ok('docker', ['start', name]);
      await ready(name);
      // What was committed is there, and every transaction is whole.
      const rows = Number(await sql(name, 'select count(*) from pgbench_history', 'bench'));
      expect(rows).toBeGreaterThanOrEqual(seen);
      expect(rows).toBeGreaterThan(before);
      before = rows;
      expect(await differentSums(name)).toBe('1');
    }
    await ok('docker', ['stop', name]);
    // Every page of the data directory has its checksum.
    const check = ['run', '--rm', '--volumes-from', name, '--entrypoint', 'pg_checksums', 'postgres:12', '--check'];
    expect(await ok('docker', check)).toMatch(/Bad checksums:\s+0\n/);
    await ok('docker', ['rm', name]);
    await ok('docker', ['volume', 'rm', volume]);
  },
  (5 + KILLS) * MINUTES,
);

test(
  `${SNAPSHOTS} snapshots of a database under load all restore and start`,
  async () => {
    const [name, volume, restored] = ['snap-db', 'snap-data', 'snap-restored'];
    const run = (container: string, data: string) =>
      ok('docker', [
        'run',
        '-d',
        '--name',
        container,
        '-v',
        `${data}:${PGDATA}`,
        '-e',
        'POSTGRES_PASSWORD=secret',
        '-e',
        'POSTGRES_DB=bench',
        'postgres:12',
      ]);
    await run(name, volume);
    await ready(name);
    await ok('docker', ['exec', name, 'sh', '-c', 'pgbench -U postgres -q -i -s 2 bench 2>&1']);
    await ok('docker', [
      'exec',
      '-d',
      name,
      'pgbench',
      '-n',
      '-U',
      'postgres',
      '-c',
      '4',
      '-R',
      '300',
      '-T',
      '3600',
      'bench',
    ]);
    await ok('docker', ['volume', 'create', restored]);
    let before = 0;
    for (let number = 0; number < SNAPSHOTS; number++) {
      await expect.poll(() => grown(name, before), { timeout: MINUTES }).toBe('t');
      const committed = Number(await sql(name, 'select count(*) from pgbench_history', 'bench'));
      const snapshot = (await ok('berth', ['volume', 'snapshot', '--quiet', volume])).trim();
      await ok('berth', ['volume', 'restore', '--quiet', '--from', snapshot, restored]);
      await run(restored, restored);
      await ready(restored);
      expect(await differentSums(restored)).toBe('1');
      const rows = Number(await sql(restored, 'select count(*) from pgbench_history', 'bench'));
      expect(rows).toBeGreaterThanOrEqual(committed);
      before = committed;
      await ok('docker', ['stop', restored]);
      const check = [
        'run',
        '--rm',
        '--volumes-from',
        restored,
        '--entrypoint',
        'pg_checksums',
        'postgres:12',
        '--check',
      ];
      expect(await ok('docker', check)).toMatch(/Bad checksums:\s+0\n/);
      await ok('docker', ['rm', restored]);
      await ok('docker', ['volume', 'rm', snapshot]);
    }
    await ok('docker', ['rm', '-f', name]);
  },
  (5 + SNAPSHOTS) * MINUTES,
);
