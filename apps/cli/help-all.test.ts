import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { COMPARED_VERSION, dockerMajor } from '../../tests/support/docker-version.ts';
import { findDocker } from '../../tests/support/fake-engine.ts';
import { dispatch } from './dispatch.ts';
import { entries, groups } from './registry.ts';

/** Paths and other names of all commands. */
const names = entries.flatMap(({ path, aliases = [], hidden }) => (hidden ? [] : [path, ...aliases]));

function docker(args: readonly string[]) {
  const env = { PATH: process.env.PATH ?? '', DOCKER_CONFIG: '/nonexistent', DOCKER_HOST: 'unix:///nonexistent' };
  const { status, stdout, stderr } = spawnSync(findDocker() ?? 'docker', args, { env, encoding: 'utf8' });
  return { code: status ?? -1, out: stdout, err: stderr };
}

async function berth(args: readonly string[]) {
  const said = { out: '', err: '' };
  const code = await dispatch(args, {
    programName: 'docker',
    configDir: '/nonexistent',
    columns: () => 80,
    out: (text) => {
      said.out += text;
    },
    err: (text) => {
      said.err += text;
    },
    openContext: () => {
      throw new Error('a context was opened');
    },
  });
  return { code, ...said };
}

/** Ours alone, or said otherwise on purpose. */
const OWN = /^(alias|completion|daemon|image starter|volume (backup|cat|clone|ls-files|rename|restore|snapshot))\b/;

describe.skipIf(dockerMajor() < COMPARED_VERSION)("help as Docker's client prints it", () => {
  it.each(names.filter((name) => !OWN.test(name)))('%s --help', async (name) => {
    const args = [...name.split(' '), '--help'];
    const theirs = docker(args);
    // Before Berth's own builds Docker's client warns of its old builder.
    expect(await berth(args)).toEqual({
      ...theirs,
      err: theirs.err.replace(/^DEPRECATED: The legacy builder[\s\S]*?\n\n/, ''),
    });
  });

  it.each([...groups.map(({ path }) => path)].filter((path) => !/^(alias|completion|daemon)$/.test(path)))(
    '%s --help names all of its commands',
    async (path) => {
      const commands = (text: string) =>
        [...text.matchAll(/^ {2}([a-z-]+) +(.+)$/gm)].map(([, name, what]) => `${name} ${what}`);
      const [ours, theirs] = [commands((await berth([path, '--help'])).out), commands(docker([path, '--help']).out)];
      const missing = theirs.filter((line) => !ours.includes(line));
      expect(missing.filter((line) => !NOT_YET.test(line))).toEqual([]);
    },
  );

  it.each([
    'foo',
    'pss',
    'container foo',
    'container lss',
    'network foo',
    'run',
    'run --foo x',
    'ps --foo',
    'ps -z',
    '--foo',
    '-z',
    'help foo',
    'help help',
    'help ps',
    'help container ls',
    '--help ps',
    'rm',
    'exec',
    'exec x',
    'rename a',
    'logs a b',
    'ps a',
    '--host',
    '-H',
    'run -p',
    'run --publish',
    'run -m x y',
    'run --rm=x y',
    'run --cpus abc x',
    'ps -n abc',
    'network rm',
    'network connect a',
    'update',
    'stats --foo',
    'run --ulimit x y',
    'run --network y=',
  ])('%s', async (line) => {
    const args = line.split(' ');
    expect(await berth(args)).toEqual(docker(args));
  });
});

/** Commands of features that are still to come. */
const NOT_YET = /^build /;
