import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { clientProgram } from '../../support/client.ts';
import { type CommandOptions, type CommandResult, run } from '../../support/docker.ts';
import { startTestEngine, type TestEngine } from '../../support/engine.ts';
import { busyboxImage, dockerArchive } from '../../support/images.ts';
import { begin } from '../cli/place.ts';

const CLIENTS = ['docker', 'berth'] as const;
type Client = (typeof CLIENTS)[number];

let engine: TestEngine;
let folder: string;
let env: Record<string, string>;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'berth-both-'));
  engine = await startTestEngine();
  env = { DOCKER_HOST: engine.host, DOCKER_CONFIG: folder, HOME: folder, DOCKER_CLI_HINTS: 'false', TERM: 'xterm' };
  await run(clientProgram('docker'), ['load'], { input: dockerArchive([busyboxImage(['busybox:latest'])]), env });
});
afterAll(async () => {
  await engine?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const type = (client: Client, args: string[], options: CommandOptions = {}) =>
  run(clientProgram(client), args, { ...options, env: { ...env, ...options.env } });

/** What both say, with their names and what differs from run to run taken out. */
function plain(client: Client, { code, stdout, stderr }: CommandResult) {
  const clean = (text: string) =>
    text
      .replaceAll(`${client}-c`, 'NAME')
      .replaceAll(/^\d+ +(?=sleep)/gm, 'PID ')
      .replaceAll(new RegExp(`\\b${client}\\b`, 'g'), 'CLIENT')
      .replaceAll(/\b[0-9a-f]{64}\b/g, 'ID')
      .replaceAll(/\b[0-9a-f]{12}\b/g, 'SHORT');
  return { code, stdout: clean(stdout), stderr: clean(stderr) };
}

/** The command, its exit code, what is on stdout and stderr. Each is run with both clients; both must say the same. */
const TABLE: [string[], number, RegExp | string, RegExp | string][] = [
  [['run', '--rm', 'busybox', 'sh', '-c', 'echo out; echo err >&2; exit 42'], 42, 'out\n', 'err\n'],
  [['run', '--rm', 'busybox', 'true'], 0, '', ''],
  [
    ['run', '--rm', 'busybox', 'nope'],
    127,
    '',
    /^CLIENT: Error response from daemon: failed to create task for container: .*exec: "nope": executable file not found in \$PATH: unknown/s,
  ],
  [['run', '--rm', 'busybox', '/no/such/path'], 127, '', /stat \/no\/such\/path: no such file or directory/],
  [['run', '--rm', 'busybox', '/etc/passwd'], 126, '', /exec: "\/etc\/passwd": permission denied/],
  [['run', '--rm', 'busybox', '/bin'], 126, '', /exec: "\/bin": is a directory: permission denied/],
  [
    ['run', '--rm', '--user', 'nobody-knows', 'busybox', 'true'],
    125,
    '',
    /^CLIENT: Error response from daemon: unable to find user nobody-knows: no matching entries in passwd file/,
  ],
  [['run', '--rm', '--runtime', 'nope', 'busybox', 'true'], 125, '', /unknown or invalid runtime name: nope/],
  [['run', '--rm', '-m', '1m', 'busybox', 'true'], 125, '', /Minimum memory limit allowed is 6MB/],
  [['run', '--rm', '--cap-add', 'FLY', 'busybox', 'true'], 125, '', /FLY/],
  [['run', '--rm', '--init', 'busybox', 'sh', '-c', 'kill -9 $$'], 137, '', ''],
  [['run', '--rm', '--init', 'busybox', 'sh', '-c', 'kill -15 $$'], 143, '', ''],
  [
    [
      'run',
      '--rm',
      '-m',
      '8m',
      '--memory-swap',
      '8m',
      'busybox',
      'dd',
      'if=/dev/zero',
      'of=/dev/null',
      'bs=100M',
      'count=1',
    ],
    137,
    '',
    '',
  ],
  [
    ['run', '--rm', '--read-only', '--tmpfs', '/t', 'busybox', 'sh', '-c', 'echo x > /t/x; echo x > /x'],
    1,
    '',
    "sh: can't create /x: Read-only file system\n",
  ],
  [
    ['run', '--rm', '-u', '1000:2000', '--group-add', '3000', 'busybox', 'id'],
    0,
    'uid=1000 gid=2000 groups=2000,3000\n',
    '',
  ],
  [
    [
      'run',
      '--rm',
      '-w',
      '/made',
      '-e',
      'A=b',
      '-h',
      'name',
      '--entrypoint',
      'sh',
      'busybox',
      '-c',
      'pwd; echo $A; hostname',
    ],
    0,
    '/made\nb\nname\n',
    '',
  ],
  [['run', '--rm', '--network', 'none', 'busybox', 'ls', '/sys/class/net'], 0, 'lo\n', ''],
  [['run', '--rm', '--log-driver', 'none', 'busybox', 'echo', 'x'], 0, 'x\n', ''],
  [
    [
      'run',
      '--rm',
      '--dns',
      '10.9.8.7',
      '--add-host',
      'a:1.2.3.4',
      'busybox',
      'sh',
      '-c',
      'cat /etc/resolv.conf; grep -c "1.2.3.4" /etc/hosts',
    ],
    0,
    /nameserver 10\.9\.8\.7\n.*1\n$/s,
    '',
  ],
  [['run', '--rm', '--ulimit', 'nofile=77:88', 'busybox', 'sh', '-c', 'ulimit -n; ulimit -Hn'], 0, '77\n88\n', ''],
  [['run', '--rm', '-t', 'busybox', 'sh', '-c', 'echo out; echo err >&2'], 0, 'out\r\nerr\r\n', ''],
  [['run', '--rm', '--wrong', 'busybox'], 125, '', /unknown flag: --wrong/],
  [['exec', 'c', 'sh', '-c', 'echo out; echo err >&2; exit 5'], 5, 'out\n', 'err\n'],
  [['exec', 'c', 'nope'], 127, /exec: "nope": executable file not found in \$PATH: unknown/, ''],
  [['exec', 'c', '/etc/passwd'], 126, /permission denied/, ''],
  [
    ['exec', '-u', 'nobody', '-w', '/bin', '-e', 'A=b', 'c', 'sh', '-c', 'id -u; pwd; echo $A'],
    0,
    '65534\n/bin\nb\n',
    '',
  ],
  [['exec', '-t', 'c', 'echo', 'x'], 0, 'x\r\n', ''],
  [['exec', '-d', 'c', 'true'], 0, '', ''],
  [['exec', 'nobody', 'true'], 1, '', 'Error response from daemon: No such container: nobody\n'],
  [
    ['rm', 'c'],
    1,
    '',
    /cannot remove container "\/NAME": container is running: stop the container before removing or force remove/,
  ],
  [['start', 'nobody'], 1, '', /No such container: nobody/],
  [['kill', '-s', 'WRONG', 'c'], 1, '', /[Ii]nvalid signal: WRONG/],
  [['top', 'c', '-o', 'pid,args'], 0, /COMMAND\n.*sleep 600/s, ''],
  [['port', 'c'], 0, '', ''],
  [['pause', 'c'], 0, 'NAME\n', ''],
  [['unpause', 'c'], 0, 'NAME\n', ''],
  [['unpause', 'c'], 1, '', /is not paused/],
  [['restart', '-t', '0', 'c'], 0, 'NAME\n', ''],
  [['stop', '-t', '0', 'c'], 0, 'NAME\n', ''],
  [['wait', 'c'], 0, '137\n', ''],
  [['exec', 'c', 'true'], 1, '', /container ID is not running/],
  [['rm', 'c'], 0, 'NAME\n', ''],
];

test('a table of commands: both clients say the same, and what they should', async () => {
  for (const client of CLIENTS) await type(client, ['run', '-d', '--name', `${client}-c`, 'busybox', 'sleep', '600']);
  for (const [args, code, stdout, stderr] of TABLE) {
    const said = await Promise.all(
      CLIENTS.map(async (client) =>
        plain(
          client,
          await type(
            client,
            args.map((word) => (word === 'c' ? `${client}-c` : word)),
          ),
        ),
      ),
    );
    const line = args.join(' ');
    expect.soft(said[1], line).toEqual(said[0]);
    expect.soft(said[0]!.code, `${line}\n${said[0]!.stderr}`).toBe(code);
    for (const [text, want] of [
      [said[0]!.stdout, stdout],
      [said[0]!.stderr, stderr],
    ] as const) {
      if (typeof want === 'string') expect.soft(text, line).toBe(want);
      else expect.soft(text, line).toMatch(want);
    }
  }
});

describe.each(CLIENTS)('%s', (client) => {
  test('passes a file through a container', async () => {
    const data = randomBytes(32 * 1024 * 1024);
    const file = join(folder, `${client}.bin`);
    writeFileSync(file, data);
    const { stdout } = await run(
      'sh',
      ['-c', `${clientProgram(client)} run --rm -i busybox cat < ${file} | sha256sum`],
      { env },
    );
    expect(stdout.split(' ')[0]).toBe(createHash('sha256').update(data).digest('hex'));
  });

  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('hands %s to the program', async (signal) => {
    const script = `trap "echo caught; exit 9" ${signal.slice(3)}; echo ready; while :; do sleep 0.05; done`;
    const running = begin(clientProgram(client), ['run', '--rm', 'busybox', 'sh', '-c', script], {
      ...process.env,
      ...env,
    });
    await running.shows('ready');
    running.child.kill(signal);
    expect(await running.ended).toMatchObject({ code: 9, stdout: 'ready\ncaught\n' });
  });

  /** A shell line at a terminal of its own; keys are typed when their text has appeared. */
  async function atTerminal(line: string, steps: [after: string, keys: string][], nudge = '') {
    const running = begin('script', ['-qec', line, '/dev/null'], { ...process.env, ...env, SHELL: '/bin/sh' });
    // A shell that was left says nothing by itself; what is typed before the client is there may be lost.
    const nudging = setInterval(() => running.child.stdin.write(nudge), 200);
    for (const [after, keys] of steps) {
      await running.shows(after);
      clearInterval(nudging);
      running.child.stdin.write(keys);
    }
    return running.ended;
  }

  test('a shell at a terminal: ctrl-c, the exit code', async () => {
    const { code, stdout } = await atTerminal(`${clientProgram(client)} run --rm -it busybox sh`, [
      // One process says so and then sleeps: what is typed then finds it in the foreground.
      ['# ', `sh -c 'echo be""gun; exec sleep 600'\r`],
      ['begun', '\u0003'],
      ['^C', 'echo st""ill; exit 12\r'],
    ]);
    expect(stdout).toContain('still');
    expect(code).toBe(12);
  });

  test('is left by ctrl-p ctrl-q, taken up by attach, and exec sees the same', async () => {
    const name = `${client}-left`;
    const left = await atTerminal(`${clientProgram(client)} run -it --name ${name} busybox sh`, [
      ['# ', 'mark=le""ft; echo $mark\r'],
      ['left', '\u0010\u0011'],
    ]);
    expect(left.code).toBe(0);
    expect((await type(client, ['inspect', '-f', '{{.State.Running}}', name])).stdout).toBe('true\n');
    const again = await atTerminal(
      `${clientProgram(client)} attach ${name}`,
      [['# ', 'echo ag""ain $mark; exit 3\r']],
      '\r',
    );
    expect(again.stdout).toContain('again left');
    expect(again.code).toBe(3);
    const inner = await atTerminal(`${clientProgram(client)} run --rm -it --detach-keys ctrl-x,x busybox sh`, [
      ['# ', '\u0018x'],
    ]);
    expect(inner.code).toBe(0);
  });

  test('a killed client leaves its container running, with --rm too', async () => {
    const name = `${client}-orphan`;
    const running = begin(
      clientProgram(client),
      ['run', '--rm', '--name', name, 'busybox', 'sh', '-c', 'echo ready; sleep 600'],
      { ...process.env, ...env },
    );
    await running.shows('ready');
    running.child.kill('SIGKILL');
    await running.ended;
    expect((await type(client, ['inspect', '-f', '{{.State.Running}}', name])).stdout).toBe('true\n');
    expect((await type(client, ['stop', '-t', '0', name])).code).toBe(0);
    expect((await type(client, ['inspect', name])).code).toBe(1);
  });
});
