import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type ComposeBench, composeBench } from '../../support/compose-bench.ts';
import { run } from '../../support/docker.ts';

const SLEEP = { command: 'sleep 1000', stop_grace_period: '0s' };
const UNTIL = { timeout: 60_000 };

let bench: ComposeBench;
beforeAll(async () => {
  bench = await composeBench('ups');
});
afterEach(() => bench.clear());
afterAll(() => bench[Symbol.asyncDispose]());

const up = (...words: string[]) => bench.ok('up', ...words);
const state = (name: string) => bench.inspect(name, '{{.State.Status}} {{.State.ExitCode}}');

describe('ends that end all', () => {
  it.each([
    ['up --abort-on-container-exit: its code', '--abort-on-container-exit', 3],
    ['up --abort-on-container-failure: its code', '--abort-on-container-failure', 3],
    ['up --exit-code-from: that of the first', '--exit-code-from=bad', 3],
    ['up --exit-code-from: that of one that is stopped for it', '--exit-code-from=other', 143],
  ])('%s', async (_, flag, code) => {
    bench.write({
      bad: { command: ['sh', '-c', 'exit 3'] },
      other: { command: ['sh', '-c', 'trap "exit 143" TERM; while true; do sleep 0.05; done'] },
    });
    expect((await bench.here('up', flag)).code).toBe(code);
    expect(await state('ups-bad-1')).toBe('exited 3');
    expect(await state('ups-other-1')).toMatch(/^exited/);
  });

  it.each([
    ['up --abort-on-container-exit: its code, however soon it ends', '--abort-on-container-exit', 3],
    ['up --abort-on-container-failure: its code, however soon it ends', '--abort-on-container-failure', 3],
    ['up --exit-code-from: its code, however soon it ends', '--exit-code-from=bad', 3],
    ['up alone: well, whatever has ended', '', 0],
  ])('%s', async (_, flag, code) => {
    bench.write({ bad: { command: ['sh', '-c', 'echo said; exit 3'] } });
    // The second time it is there and is started again.
    for (let time = 0; time < 6; time++) {
      const result = await bench.here('up', ...(flag ? [flag] : []));
      expect(result.stdout).toBe('Attaching to bad-1\nbad-1  | said\nbad-1 exited with code 3\n');
      expect(result.code).toBe(code);
    }
  });

  it.each([
    ['--abort-on-container-exit', 5],
    ['--abort-on-container-failure', 5],
    ['--exit-code-from=first', 4],
    ['', 0],
  ])('up %s: containers that give way to others end nothing', async (flag, code) => {
    const write = (CODE: number, ends: string) => {
      const first = ['sh', '-c', 'trap "exit $$CODE" TERM; while true; do sleep 0.05; done'];
      const second = ['sh', '-c', `trap "exit $$CODE" TERM; ${ends}; while true; do sleep 0.05; done`];
      bench.write({
        first: { environment: { CODE }, command: flag === '' ? ['sh', '-c', ends] : first },
        second: {
          environment: { CODE },
          command: second,
          depends_on: { first: { condition: 'service_started', restart: true } },
        },
      });
    };
    write(9, 'sleep 0.01');
    await up('-d');
    write(4, 'sleep 0.3; echo of the new one; exit 5');
    const result = await bench.here('up', ...(flag ? [flag] : []));
    expect(result.stdout).toContain('second-1  | of the new one\n');
    expect(result.stdout).not.toContain('exited with code 9');
    expect(result.code).toBe(code);
  });

  it('up --abort-on-container-failure: not for one that ends well', async () => {
    bench.write({
      good: { command: 'true' },
      bad: { command: ['sh', '-c', 'exit 6'], depends_on: { good: { condition: 'service_completed_successfully' } } },
      other: SLEEP,
    });
    expect((await bench.here('up', '--abort-on-container-failure')).code).toBe(6);
  });

  it('up --timeout: seconds until the others are killed', async () => {
    const deaf = { command: ['sh', '-c', 'trap "" TERM; while true; do sleep 0.1; done'], stop_grace_period: '10m' };
    bench.write({ first: { command: 'true' }, deaf });
    expect((await bench.here('up', '--abort-on-container-exit', '--timeout', '0')).code).toBe(0);
    expect(await state('ups-deaf-1')).toBe('exited 137');
  });
});

describe('output', () => {
  it.each([
    ['up web: its own', 'web', ['web']],
    ['up --attach-dependencies: that of the others too', '--attach-dependencies web', ['db', 'web']],
    ['up --attach: of that one alone', '--attach db web', ['db']],
    ['up: of all', '', ['db', 'side', 'web']],
    ['up --no-attach: of all but those', '--no-attach db --no-attach side', ['web']],
  ])('%s', async (_, words, shown) => {
    bench.write({
      web: { command: 'echo I am web', depends_on: ['db'] },
      db: { command: 'echo I am db' },
      side: { command: 'echo I am side' },
    });
    const { stdout } = await up(...words.split(' ').filter(Boolean));
    expect([...stdout.matchAll(/\| I am (\w+)$/gm)].map(([, name]) => name).sort()).toEqual(shown);
    expect(await bench.containers()).toContain('ups-db-1');
  });

  it('is shown once where it came before all were up, and again after a restart', async () => {
    bench.write({
      first: { command: 'echo from first' },
      again: { command: ['sh', '-c', 'echo from again; exit 1'], restart: 'on-failure:2' },
      last: { command: 'echo from last', depends_on: { first: { condition: 'service_completed_successfully' } } },
    });
    const { stdout } = await up();
    const shown = [...stdout.matchAll(/\| from (\w+)$/gm)].map(([, name]) => name);
    expect(shown.sort(), stdout).toEqual(['again', 'again', 'again', 'first', 'last']);
  });

  it('up --timestamps: the time before each line, also after a restart', async () => {
    bench.write({
      web: { command: ['sh', '-c', 'echo one; echo two; exit 1'], restart: 'on-failure:1' },
    });
    const before = new Date().toISOString();
    const { stdout } = await up('--timestamps');
    const times = [...stdout.matchAll(/^web-1 {2}\| (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z) (?:one|two)$/gm)];
    expect(times.length, stdout).toBe(4);
    for (const [, time = ''] of times) expect(time >= before && time <= new Date().toISOString()).toBe(true);
  });

  it('up --no-log-prefix: the lines alone', async () => {
    bench.write({ web: { command: ['sh', '-c', 'echo one; echo two'] } });
    expect((await up('--no-log-prefix')).stdout).toMatch(/^one\ntwo\n/m);
  });

  it('up --no-color: no colours, though they are wished elsewhere', async () => {
    bench.write({ web: { command: 'echo one' } });
    const shown = async (...words: string[]) => (await bench.ok('--ansi', 'always', 'up', ...words)).stdout;
    expect(await shown()).toContain('\x1b[36mweb-1  | \x1b[0mone\n');
    expect(await shown('--no-color')).toContain('web-1  | one\n');
  });
});

describe('up --watch', () => {
  const folder = () => {
    const { project } = bench;
    bench.write({
      web: {
        build: project.folder,
        stop_grace_period: '1s',
        develop: {
          watch: [
            { path: `${project.folder}/src`, action: 'rebuild' },
            { path: `${project.folder}/more`, action: 'sync+restart', target: '/more' },
          ],
        },
      },
      quiet: { command: ['sh', '-c', 'echo never shown; sleep 1000'], stop_grace_period: '0s' },
    });
    project.write('src/word', 'first\n');
    project.write('more/x', '1\n');
    const script = 'trap \\"exit 0\\" TERM; cat /word; grep -q end /word && exit 7; while true; do sleep 0.05; done';
    project.write('Dockerfile', `FROM busybox\nCOPY src/word /word\nCMD ["sh", "-c", "${script}"]\n`);
    return project;
  };
  /** An `up --watch` of its own, that waits for changes. */
  async function watching(...words: string[]) {
    const project = folder();
    const args = [path.resolve('apps/cli/main.ts'), 'compose', 'up', '--watch', '--no-attach', 'quiet', ...words];
    const child = spawn(process.execPath, args, {
      cwd: project.folder,
      env: { ...process.env, DOCKER_HOST: bench.engine.host, NO_COLOR: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (piece: Buffer) => {
        said += piece;
      });
    const ended = once(child, 'exit').then(([code]) => code as number);
    await expect.poll(() => said, UNTIL).toContain('web-1  | first\n');
    await expect.poll(() => said, UNTIL).toContain('Watch enabled');
    return { child, ended, said: () => said, write: project.write };
  }
  async function allEnded(said: string): Promise<void> {
    expect(said).not.toContain('never shown');
    expect(await state('ups-web-1')).toMatch(/^exited/);
    expect(await state('ups-quiet-1')).toMatch(/^exited/);
    await bench.ok('down', '-t', '0', '--rmi', 'local');
  }

  it('up --watch: shows output, also of what was built again, and stops all at its end', async () => {
    const { child, ended, said, write } = await watching();
    write('src/word', 'second\n');
    await expect.poll(said, UNTIL).toContain('web-1  | second\n');
    child.kill('SIGINT');
    expect(await ended).toBe(130);
    await allEnded(said());
  });

  it.each([['--abort-on-container-exit'], ['--abort-on-container-failure'], ['--exit-code-from=web']])(
    'up --watch %s: goes on for one in the place of another, and ends for its own end',
    async (flag) => {
      const { ended, said, write } = await watching(flag);
      write('more/x', '2\n');
      await expect.poll(said, UNTIL).toMatch(/web-1 {2}\| first\n[\s\S]*web-1 {2}\| first\n/);
      write('src/word', 'second\n');
      await expect.poll(said, UNTIL).toContain('web-1  | second\n');
      expect(said()).not.toContain('Aborting on container exit');
      write('src/word', 'the end\n');
      expect(await ended).toBe(7);
      expect(said()).toContain('Aborting on container exit');
      await allEnded(said());
    },
  );

  it.each([['up --watch'], ['watch'], ['watch --no-up']])('--dry-run %s ends', async (words) => {
    folder();
    const { code, stderr } = await bench.here('--dry-run', ...words.split(' '));
    expect(code).toBe(0);
    expect(stderr).not.toContain('Watch enabled');
    expect(await bench.containers()).toEqual([]);
  });
});

it('up --menu: refused on a terminal, and means nothing elsewhere', async () => {
  bench.write({ app: { command: 'true' } });
  const words = [process.execPath, path.resolve('apps/cli/main.ts'), 'compose', 'up', '--menu'].join(' ');
  const env = { DOCKER_HOST: bench.engine.host };
  const shown = await run('script', ['-qec', words, '/dev/null'], { cwd: bench.project.folder, env });
  expect(shown).toMatchObject({ code: 1, stdout: expect.stringContaining('--menu is not supported by Berth') });
  expect(await bench.containers()).toEqual([]);
  await up('--menu');
  expect(await state('ups-app-1')).toBe('exited 0');
});
