import { existsSync, mkdirSync, renameSync } from 'node:fs';
import path from 'node:path';
import { docker } from './docker.ts';

const CACHE = path.resolve(import.meta.dirname, '../../.cache/stand-ins');
const FILE = path.join(CACHE, 'debian-starter.tar');
const TIMEOUT_MS = 15 * 60_000;

/**
 * Gives an engine the starter image `debian:latest`, a Debian that installs packages from the mirrors. It is made once, by the
 * engine, and kept in .cache: making it takes a minute.
 */
export async function loadDebian(engine: {
  host: string;
  request(method: string, url: string, options: { body: object }): Promise<{ status: number; text: string }>;
}): Promise<void> {
  if (!existsSync(FILE)) {
    const made = await engine.request('POST', '/berth/v1/images/starter', {
      body: { names: ['debian'] },
    });
    if (made.status !== 200 || made.text.includes('"errorDetail"')) throw new Error(`no debian image: ${made.text}`);
    mkdirSync(CACHE, { recursive: true });
    const draft = `${FILE}.${process.pid}`;
    await checked(engine, ['save', '-o', draft, 'debian:latest']);
    renameSync(draft, FILE); // whoever else made it meanwhile made the same
    return;
  }
  await checked(engine, ['load', '-q', '-i', FILE]);
}

async function checked(engine: { host: string }, args: string[]): Promise<void> {
  const { code, stderr } = await docker(engine, args, { timeout: TIMEOUT_MS });
  if (code !== 0) throw new Error(`docker ${args.join(' ')}: ${stderr}`);
}
