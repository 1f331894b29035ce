import { describe, expect, it } from 'vitest';
import { dispatch } from './dispatch.ts';

/** Runs a line that must end before an engine is needed. */
async function run(line: string, programName = 'docker') {
  let out = '';
  let err = '';
  const code = await dispatch(line === '' ? [] : line.split(' '), {
    programName,
    configDir: '/nowhere',
    columns: () => 80,
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    openContext: () => {
      throw new Error('a context was opened');
    },
  });
  return { code, out, err };
}

describe("refusals in Docker's words and with its exit codes", () => {
  it.each([
    [
      'rm',
      1,
      "docker: 'docker rm' requires at least 1 argument\n\nUsage:  docker rm [OPTIONS] CONTAINER [CONTAINER...]\n\nSee 'docker rm --help' for more information\n",
    ],
    [
      'rename a',
      1,
      "docker: 'docker rename' requires 2 arguments\n\nUsage:  docker rename CONTAINER NEW_NAME\n\nRun 'docker rename --help' for more information\n",
    ],
    [
      'ps a b',
      1,
      "docker: 'docker ps' accepts no arguments\n\nUsage:  docker ps [OPTIONS]\n\nRun 'docker ps --help' for more information\n",
    ],
    [
      'port a b c',
      1,
      "docker: 'docker port' requires at least 1 and at most 2 arguments\n\nUsage:  docker port CONTAINER [PRIVATE_PORT[/PROTO]]\n\nRun 'docker port --help' for more information\n",
    ],
    [
      'container list x',
      1,
      "docker: 'docker container ls' accepts no arguments\n\nUsage:  docker container ls [OPTIONS]\n\nRun 'docker container ls --help' for more information\n",
    ],
    [
      'run --nope',
      125,
      "unknown flag: --nope\n\nUsage:  docker run [OPTIONS] IMAGE [COMMAND] [ARG...]\n\nRun 'docker run --help' for more information\n",
    ],
    [
      '--nope ps',
      125,
      "unknown flag: --nope\n\nUsage:  docker [OPTIONS] COMMAND [ARG...]\n\nRun 'docker --help' for more information\n",
    ],
    [
      'container --nope',
      125,
      "unknown flag: --nope\n\nUsage:  docker container\n\nRun 'docker container --help' for more information\n",
    ],
    [
      'container foo',
      1,
      "docker: unknown command: docker container foo\n\nUsage:  docker container\n\nRun 'docker container --help' for more information\n",
    ],
    ['foo', 1, "docker: unknown command: docker foo\n\nRun 'docker --help' for more information\n"],
    ['help foo', 1, 'unknown help topic: foo\n'],
  ])('%s', async (line, code, err) => {
    expect(await run(line)).toEqual({ code, out: '', err });
  });

  it('says what was perhaps meant', async () => {
    expect((await run('rum')).err).toContain("Did you mean 'docker run'?");
    expect((await run('container stpo x')).err).toContain("Did you mean 'docker container stop'?");
    expect((await run('run --memroy 1 x')).err).toContain("Did you mean '--memory'?");
  });

  it('speaks of itself by the name it was called', async () => {
    expect((await run('rm', 'berth')).err).toMatch(/^berth: 'berth rm' requires/);
  });
});

describe('help', () => {
  it('goes to stdout when asked for, to stderr when nothing was said', async () => {
    const asked = await run('--help');
    expect([asked.code, asked.err]).toEqual([0, '']);
    expect(await run('')).toEqual({ code: 0, out: '', err: asked.out });
    expect(await run('help')).toEqual(asked);
  });

  it('lists short forms and groups', async () => {
    const { out } = await run('--help');
    expect(out).toMatch(/^Usage: {2}docker \[OPTIONS\] COMMAND\n/);
    expect(out).toMatch(/\nCommon Commands:\n {2}run +Create and run a new container from an image\n {2}exec /);
    expect(out).toMatch(/\n {2}container +Manage containers\n/);
    expect(out).toMatch(/\n {2}rm +Remove one or more containers\n/);
  });

  it.each([
    ['ps --help', 'Usage:  docker ps [OPTIONS]\n'],
    ['help ps', 'Usage:  docker ps [OPTIONS]\n'],
    ['container ps --help', 'Usage:  docker container ls [OPTIONS]\n'],
    ['container', ''],
    ['container --help', 'Usage:  docker container COMMAND\n'],
  ])('%s', async (line, start) => {
    const { code, out } = await run(line);
    expect(code).toBe(0);
    expect(out.startsWith(start)).toBe(true);
  });
});

describe('version', () => {
  it('has the shape that scripts read', async () => {
    expect((await run('--version')).out).toMatch(/^Docker version \d+\.\d+\.\d+, build berth-\d/);
    expect((await run('-v', 'berth')).out).toMatch(/^Berth version \d+\.\d+\.\d+/);
  });
});
