import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { run } from '../../support/docker.ts';
import { FULLSTACK, HELLO, NOTES } from './tutorials.cases.ts';

const ROOT = path.resolve(import.meta.dirname, '../../..');

interface Result {
  program: string;
  project: string;
  words: string[];
  code: number;
  out: string;
}

/** The same files by our Compose against Debian's Docker 20.10, on a host of namespaces of its own. */
it("the files of the tutorials run on Debian's Docker", async () => {
  const projects = mkdtempSync(path.join(tmpdir(), 'berth-on-docker-'));
  try {
    for (const { name, files } of [HELLO, NOTES, FULLSTACK])
      for (const [file, text] of Object.entries(files)) {
        mkdirSync(path.dirname(path.join(projects, name, file)), { recursive: true });
        writeFileSync(path.join(projects, name, file), text);
      }
    const calls = ['docker-compose', 'berth'].flatMap((program) => [
      { program, project: HELLO.name, words: ['up', '-d', '--build'] },
      { program, project: HELLO.name, words: ['up', '-d'] },
      { program, project: HELLO.name, words: ['ps', '-a'] },
      { program, project: HELLO.name, words: ['down'] },
      { program, project: NOTES.name, words: ['up', '-d', '--build'] },
      { program, project: NOTES.name, words: ['exec', '-T', 'api', 'npm', 'run', 'db:migrate'] },
      { program, project: NOTES.name, words: ['logs', 'api'] },
      { program, project: NOTES.name, words: ['port', 'api', '3000'] },
      { program, project: NOTES.name, words: ['down', '--volumes'] },
      { program, project: FULLSTACK.name, words: ['up', '-d', '--build'] },
      { program, project: FULLSTACK.name, words: ['exec', '-T', 'nginx', 'nslookup', 'client', '127.0.0.11'] },
      { program, project: FULLSTACK.name, words: ['exec', '-T', 'nginx', 'nslookup', 'api', '127.0.0.11'] },
      { program, project: FULLSTACK.name, words: ['plan'] },
      { program, project: FULLSTACK.name, words: ['down', '--volumes'] },
    ]);
    writeFileSync(path.join(projects, 'commands.json'), JSON.stringify(calls));
    const bench = await run(process.execPath, [path.join(ROOT, 'bench/compose.mjs'), '--check', projects], {
      cwd: ROOT,
      timeout: 300_000,
    });
    expect(existsSync(path.join(projects, 'results.json')), bench.stdout + bench.stderr).toBe(true);
    const results = JSON.parse(readFileSync(path.join(projects, 'results.json'), 'utf8')) as Result[];
    for (const { program, project, words, code, out } of results)
      expect(code, `${program} ${project} ${words.join(' ')}: ${out}`).toBe(0);
    const said = (program: string, project: string, word: string) =>
      results
        .filter((one) => one.program === program && one.project === project && one.words[0] === word)
        .map(({ out }) => out);
    expect(said('docker-compose', HELLO.name, 'ps')[0]).toMatch(/basicdocker_hello-world_1 +.* Exit 0/);
    expect(said('berth', HELLO.name, 'ps')[0]).toMatch(/basicdocker-redis-1 +redis:alpine/);
    for (const program of ['docker-compose', 'berth']) {
      expect(said(program, NOTES.name, 'exec')[0]).toContain('Batch 1 run: 1 migrations');
      expect(said(program, NOTES.name, 'port')[0]).toMatch(/:3000\n$/);
      expect(said(program, FULLSTACK.name, 'plan')[0]).toContain('Nothing to do');
    }
  } finally {
    rmSync(projects, { recursive: true, force: true });
  }
}, 300_000);
