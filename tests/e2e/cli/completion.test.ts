import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clientProgram } from '../../support/client.ts';
import { type FakeEngine, startFakeEngine } from '../../support/fake-engine.ts';

/**
 * Real shells in a terminal: a line is typed, tab is pressed, then enter. The program on the PATH answers questions of the
 * completion as `berth` does, and prints its words otherwise: what the shell made of the line.
 */
let engine: FakeEngine;
let bin: string;

beforeAll(async () => {
  engine = await startFakeEngine({
    'GET /containers/json': {
      json: [
        { Id: 'a'.repeat(64), Names: ['/web'], State: 'running' },
        { Id: 'b'.repeat(64), Names: ['/database'], State: 'exited' },
      ],
    },
    'GET /images/json': { json: [{ Id: 'c', RepoTags: ['busybox:latest', 'registry.example:5000/team/app:v1'] }] },
    'GET /networks': { json: [{ Id: 'd', Name: 'backend' }] },
    'GET /volumes': { json: { Volumes: [{ Name: 'pictures' }] } },
  });
  bin = join(engine.folder, 'bin');
  mkdirSync(bin);
  mkdirSync(join(engine.folder, 'folder-here'));
  writeFileSync(join(engine.folder, 'file-here'), '');
  writeFileSync(
    join(bin, 'berth'),
    `#!/bin/sh\ncase $1 in\n__complete*|completion) exec ${clientProgram('berth')} "$@";;\nesac\nprintf 'RAN:%s\\n' "$(printf '<%s>' "$@")"\n`,
  );
  chmodSync(join(bin, 'berth'), 0o755);
  symlinkSync('berth', join(bin, 'docker'));
});
afterAll(() => engine[Symbol.asyncDispose]());

/** Types each line into a shell on a terminal of its own; gives what the program was called with. */
async function type(shell: string[], setUp: string, lines: readonly string[]): Promise<string[]> {
  const driver = `
import os, pty, re, select, sys, time
shell, set_up, lines = ${JSON.stringify(shell)}, ${JSON.stringify(setUp)}, ${JSON.stringify(lines)}
pid, fd = pty.fork()
if pid == 0:
    os.execvp(shell[0], shell)
seen = b''
def until(pattern, start):
    global seen
    end = time.time() + 60
    while not re.search(pattern, seen[start:]):
        ready, _, _ = select.select([fd], [], [], max(0, end - time.time()))
        if not ready: raise Exception('nothing after a minute: ' + repr(seen[start:]))
        seen += os.read(fd, 65536)
    return len(seen)
os.write(fd, (set_up + '\\n').encode())
at = until(rb'READY\\r?\\n', 0)
for line in lines:
    os.write(fd, (line + '\\t').encode())
    os.write(fd, b'\\r')
    at = until(rb'RAN:<[^\\r\\n]*>', at)
os.write(fd, b'exit\\r')
sys.stdout.write('\\n'.join(m.decode() for m in re.findall(rb'RAN:(<[^\\r\\n]*>)', seen)))
`;
  const env = {
    PATH: `${bin}:${process.env.PATH}`,
    HOME: engine.folder,
    DOCKER_CONFIG: engine.folder,
    DOCKER_HOST: engine.host,
    TERM: 'dumb',
    PS1: '> ',
  };
  const child = spawn('python3', ['-c', driver], { cwd: engine.folder, env });
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
  const code = await new Promise((resolve) => child.on('close', resolve));
  if (code !== 0) throw new Error(err);
  return out.split('\n');
}

/** Typed before tab → what the program was called with. */
const CASES: readonly [line: string, words: string][] = [
  ['berth sto', '<stop>'],
  ['berth container insp', '<container><inspect>'],
  ['berth run --priv', '<run><--privileged>'],
  ['berth run --restart unl', '<run><--restart><unless-stopped>'],
  ['berth run --pull=nev', '<run><--pull=never>'],
  ['berth stop w', '<stop><web>'],
  ['berth rm data', '<rm><database>'],
  ['berth run busybox:la', '<run><busybox:latest>'],
  ['berth run -it --rm registry.example:5000/team/app:', '<run><-it><--rm><registry.example:5000/team/app:v1>'],
  ['berth network inspect back', '<network><inspect><backend>'],
  ['berth ps --filter status=paus', '<ps><--filter><status=paused>'],
  ['berth context use def', '<context><use><default>'],
  ['berth run --env-file fil', '<run><--env-file><file-here>'],
  ['berth kill -s SIGUSR1 w', '<kill><-s><SIGUSR1><web>'],
  ['docker inspect pict', '<inspect><pictures>'],
];

const SHELLS: Record<string, { program: string; call: string[]; setUp: string }> = {
  bash: {
    program: '/bin/bash',
    call: ['/bin/bash', '--norc', '--noprofile', '-i'],
    setUp: 'source <(berth completion bash); echo READY',
  },
  zsh: {
    program: '/usr/bin/zsh',
    call: ['/usr/bin/zsh', '-f', '-i'],
    // Tab is tab also while more is typed.
    setUp: `autoload -U compinit; compinit -u -D; zstyle ':completion:*' insert-tab false; source <(berth completion zsh); echo READY`,
  },
  fish: {
    program: '/usr/bin/fish',
    call: ['/usr/bin/fish', '--no-config', '-i'],
    setUp: 'berth completion fish | source; echo READY',
  },
};

describe.each(Object.entries(SHELLS))('%s', (_name, { program, call, setUp }) => {
  it.skipIf(!existsSync(program))('completes commands, flags, values and names, under both names', async () => {
    const lines = CASES.map(([line]) => line);
    expect(await type(call, setUp, lines)).toEqual(CASES.map(([, words]) => words));
  });
});
