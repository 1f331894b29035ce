import { execFile } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { docker } from './docker.ts';

const run = promisify(execFile);
const CACHE = path.resolve(import.meta.dirname, '../../.cache/stand-ins');
/** Uid and gid of the image's user, as in the image of the hub. */
const POSTGRES = 999;
export const PGDATA = '/var/lib/postgresql/data';

/**
 * Gives an engine a PostgreSQL 15 under the name `postgres:12`, made from Debian's packages: it behaves as the handbook
 * expects of the hub's image and says in a label that it is not that one. The archive is made once and kept in .cache.
 */
export async function importPostgres(engine: { host: string }): Promise<void> {
  const changes = [
    'ENV PATH=/usr/lib/postgresql/15/bin:/usr/bin:/bin PGDATA=/var/lib/postgresql/data LANG=C.UTF-8',
    `VOLUME ${PGDATA}`,
    'USER postgres',
    'EXPOSE 5432',
    'ENTRYPOINT ["docker-entrypoint.sh"]',
    'CMD ["postgres"]',
    'LABEL org.berth.stand-in="made for tests"',
  ];
  const options = changes.flatMap((change) => ['--change', change]);
  const { code, stderr } = await docker(engine, ['import', ...options, await archive(), 'postgres:12'], {
    timeout: 300_000,
  });
  if (code !== 0) throw new Error(`the PostgreSQL image was not imported: ${stderr}`);
}

const READY_MS = 120_000;

/** Resolves when the server takes questions; fails with what it said when it does not. */
export async function postgresReady(engine: { host: string }, name: string): Promise<void> {
  for (const end = Date.now() + READY_MS; ; await delay(50)) {
    const { code } = await docker(engine, ['exec', name, 'psql', '-U', 'postgres', '-c', 'select 1']);
    const said = await docker(engine, ['logs', name]);
    // The first time the server runs for its own set-up as well.
    const setUp = said.stdout.includes('belonging to this database') && !said.stdout.includes('ready for start up');
    if (code === 0 && !setUp) return;
    if (Date.now() > end) throw new Error(`PostgreSQL is not ready:\n${said.stderr}`);
  }
}

async function archive(): Promise<string> {
  const file = path.join(CACHE, 'postgres-15.tar');
  if (existsSync(file)) return file;
  mkdirSync(CACHE, { recursive: true });
  const work = mkdtempSync(path.join(CACHE, 'postgres-'));
  try {
    const root = path.join(work, 'root');
    const include = '--include=postgresql-15';
    await run('mmdebstrap', ['--quiet', '--mode=root', '--variant=extract', include, 'bookworm', root]);
    prepare(root);
    const made = path.join(work, 'image.tar');
    const left = ['usr/share/doc', 'usr/share/man', 'usr/share/locale', 'usr/lib/*/libLLVM*', 'usr/lib/*/bitcode'];
    const exclude = [...left, 'usr/lib/postgresql/15/lib/bitcode', 'usr/share/perl*', 'usr/lib/*/perl*', 'dev/*'];
    await run('tar', ['-C', root, '--sort=name', ...exclude.map((glob) => `--exclude=./${glob}`), '-cf', made, '.']);
    renameSync(made, file); // whoever else made it meanwhile made the same
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return file;
}

function prepare(root: string): void {
  const at = (name: string) => path.join(root, name);
  copyFileSync('/bin/busybox', at('bin/busybox'));
  chmodSync(at('bin/busybox'), 0o755);
  for (const name of ['sh', 'ls', 'cat', 'rm', 'mkdir', 'sleep', 'id', 'stat', 'sync', 'find', 'wc'])
    if (!existsSync(at(`bin/${name}`))) symlinkSync('busybox', at(`bin/${name}`));
  writeFileSync(at('etc/passwd'), `root:x:0:0::/:/bin/sh\npostgres:x:${POSTGRES}:${POSTGRES}::${PGDATA}:/bin/sh\n`);
  writeFileSync(at('etc/group'), `root:x:0:\npostgres:x:${POSTGRES}:\n`);
  for (const [name, mode] of [
    ['var/lib/postgresql', 0o755],
    [PGDATA, 0o700],
    ['run/postgresql', 0o2775],
    ['var/run/postgresql', 0o2775],
  ] as const) {
    mkdirSync(at(name), { recursive: true });
    chmodSync(at(name), mode);
    chownSync(at(name), POSTGRES, POSTGRES);
  }
  mkdirSync(at('tmp'), { recursive: true });
  chmodSync(at('tmp'), 0o1777);
  mkdirSync(at('usr/local/bin'), { recursive: true });
  writeFileSync(at('usr/bin/docker-entrypoint.sh'), ENTRYPOINT, { mode: 0o755 });
}

/** What the entry point of the hub's image does for these variables. */
const ENTRYPOINT = `#!/bin/sh
set -e
if [ "$1" = postgres ] && [ ! -s "$PGDATA/PG_VERSION" ]; then
  echo "The files belonging to this database system will be owned by user \\"$(id -un)\\"."
  [ -n "$POSTGRES_PASSWORD" ] || { echo 'Error: Database is uninitialized and superuser password is not specified.' >&2; exit 1; }
  echo "$POSTGRES_PASSWORD" > /tmp/password
  initdb --username=postgres --pwfile=/tmp/password --auth-host=scram-sha-256 --data-checksums --locale=C.UTF-8
  rm /tmp/password
  echo "listen_addresses = '*'" >> "$PGDATA/postgresql.conf"
  echo 'host all all all scram-sha-256' >> "$PGDATA/pg_hba.conf"
  pg_ctl -w -o "-c listen_addresses=''" start
  [ "\${POSTGRES_DB:-postgres}" = postgres ] || psql -v ON_ERROR_STOP=1 -c "CREATE DATABASE \\"$POSTGRES_DB\\""
  pg_ctl -m fast -w stop
  echo 'PostgreSQL init process complete; ready for start up.'
fi
exec "$@"
`;
