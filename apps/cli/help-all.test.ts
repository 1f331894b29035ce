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

/** Completion scripts of our own, and commands that hand their words on to the engine or the registry. */
const OTHERWISE = /^(completion|daemon|registry)\b/;

const BUILDS = /(^| )build$/;
const flagsOf = (help: string) =>
  [...help.matchAll(/^ +(?:(-\w), )?(--[\w-]+)/gm)].map(([, short, long]) => `${short} ${long}`);

/** Docker's client answers about itself or about the group when it does not know the word: that command is ours alone. */
const knows = (help: string, name: string) => new RegExp(`^Usage: +docker ${name}( |\n)(?!COMMAND)`).test(help);

describe.skipIf(dockerMajor() < COMPARED_VERSION)("help as Docker's client prints it", () => {
  it.each(names.filter((name) => !OTHERWISE.test(name)))('%s --help', async (name) => {
    const args = [...name.split(' '), '--help'];
    const theirs = docker(args);
    if (!knows(theirs.out, name)) {
      expect(await berth(args)).toMatchObject({ code: 0, err: '', out: expect.stringMatching(/^Usage: +docker \w+/) });
      return;
    }
    if (BUILDS.test(name)) {
      // There are BuildKit's flags as well, which the old builder that Docker's client falls back to does not have.
      const ours = await berth(args);
      expect(ours).toMatchObject({ code: 0, err: '' });
      expect(flagsOf(theirs.out).filter((flag) => !flagsOf(ours.out).includes(flag))).toEqual([]);
      return;
    }
    // Before Berth's own builds Docker's client warns of its old builder.
    expect(await berth(args)).toEqual({
      ...theirs,
      // What Docker calls an experiment is none here.
      out: theirs.out.replace(/\nEXPERIMENTAL:\n[\s\S]*?\n(?=\n|$)/, ''),
      err: theirs.err.replace(/^DEPRECATED: The legacy builder[\s\S]*?\n\n/, ''),
    });
  });

  it.each(groups.map(({ path }) => path).filter((path) => !OTHERWISE.test(path)))(
    '%s --help names all of its commands',
    async (path) => {
      const commands = (text: string) =>
        [...text.matchAll(/^ {2}([a-z-]+) +(.+)$/gm)].map(([, name, what]) => `${name} ${what}`);
      const help = docker([path, '--help']).out;
      if (!help.startsWith(`Usage:  docker ${path} COMMAND`)) return; // a group of ours alone
      const [ours, theirs] = [commands((await berth([path, '--help'])).out), commands(help)];
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
const NOT_YET = /^build |^docker manifest is an exp|^(features may change|future release)/;
