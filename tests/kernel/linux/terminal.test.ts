import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openConsoleSocket } from '../../../apps/engine/linux/console-socket.ts';
import { openPty } from '../../../apps/engine/linux/pty.ts';
import { connectSeqpacket } from '../../../apps/engine/linux/seqpacket.ts';
import { openTerminal } from '../../../apps/engine/linux/terminal.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'berth-terminal-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const descriptors = () => readdirSync('/proc/self/fd').length;
const sha256 = (data: Buffer) => createHash('sha256').update(data).digest('hex');

/** Runs a shell script on a new terminal; resolves with all that it wrote. */
async function onTerminal(
  script: string,
  use: (terminal: ReturnType<typeof openTerminal>, seen: () => string) => Promise<void> = async () => {},
) {
  const { master, slave } = openPty();
  const terminal = openTerminal(master);
  const chunks: Buffer[] = [];
  terminal.output.on('data', (chunk: Buffer) => chunks.push(chunk));
  const child = spawn('setsid', ['-c', 'sh', '-c', script], { stdio: [slave, slave, slave] });
  closeSync(slave);
  const over = Promise.all([once(child, 'exit'), once(terminal.output, 'end')]);
  await use(terminal, () => Buffer.concat(chunks).toString('latin1'));
  await over;
  terminal.close();
  return Buffer.concat(chunks);
}

const until = (condition: () => boolean) => expect.poll(condition, { timeout: 5000, interval: 5 }).toBe(true);

describe('a terminal', () => {
  test('ends with its programs, with all that they wrote, and leaves no descriptor', async () => {
    await onTerminal('true');
    const before = descriptors();
    expect((await onTerminal('seq 1 20000')).toString()).toBe(
      Array.from({ length: 20000 }, (_, n) => `${n + 1}\r\n`).join(''),
    );
    await expect.poll(descriptors).toBeLessThanOrEqual(before);
  });

  test('passes every byte in raw mode, both ways', async () => {
    const data = randomBytes(512 * 1024);
    const got = await onTerminal('stty raw -echo; echo ready; head -c 524288', async (terminal, seen) => {
      await until(() => seen().includes('ready\n'));
      terminal.input.write(data);
    });
    expect(sha256(got.subarray(got.indexOf('ready\n') + 6))).toBe(sha256(data));
  });

  test('has a size that can be changed', async () => {
    const output = await onTerminal(
      'trap "stty size; exit" WINCH; stty size; while :; do sleep 0.02; done',
      async (terminal, seen) => {
        await until(() => seen().includes('0 0'));
        terminal.resize(50, 132);
      },
    );
    expect(output.toString()).toContain('50 132');
  });

  test('can be resized after its end without harm', async () => {
    const { master, slave } = openPty();
    const terminal = openTerminal(master);
    closeSync(slave);
    terminal.close();
    terminal.resize(1, 1);
  });
});

describe('a console socket', () => {
  /** Sends one descriptor of a new terminal, as a runtime does, by the one language that is on every Debian. */
  const send = (path: string) =>
    spawn(
      'python3',
      [
        '-c',
        'import socket,array,os,sys;m,s=os.openpty();c=socket.socket(socket.AF_UNIX);c.connect(sys.argv[1]);c.sendmsg([b"x"],[(socket.SOL_SOCKET,socket.SCM_RIGHTS,array.array("i",[m]))]);os.write(s,b"hello");input()',
        path,
      ],
      {
        stdio: ['pipe', 'ignore', 'inherit'],
      },
    );
  const python = spawnable('python3');

  test.runIf(python)('hands over a descriptor that works', async () => {
    const socket = await openConsoleSocket(join(dir, 'console'));
    const sender = send(socket.path);
    const terminal = openTerminal(await socket.master);
    const [chunk] = await once(terminal.output, 'data');
    expect(String(chunk)).toBe('hello');
    const ended = once(sender, 'exit');
    sender.stdin!.end('\n');
    await ended;
    terminal.close();
    socket.close();
  });

  test('that is closed before leaves nothing, also when somebody connects late', async () => {
    const before = descriptors();
    const socket = await openConsoleSocket(join(dir, 'console'));
    const connection = net.connect(socket.path);
    await once(connection, 'connect');
    socket.close();
    await expect(socket.master).rejects.toThrow('the terminal was not sent');
    connection.destroy();
    await expect.poll(descriptors).toBeLessThanOrEqual(before);
    await expect.poll(() => readdirSync(dir)).toEqual([]);
  });

  test('refuses who connects and sends no descriptor', async () => {
    const socket = await openConsoleSocket(join(dir, 'console'));
    const connection = net.connect(socket.path);
    connection.end('just text');
    await expect(socket.master).rejects.toThrow('sent no descriptor');
    socket.close();
  });
});

describe('a connection of packets', () => {
  const python = spawnable('python3');
  /** Sends back each packet that it gets with its length before it. */
  const echo = (path: string) =>
    spawn(
      'python3',
      [
        '-c',
        'import socket,sys\ns=socket.socket(socket.AF_UNIX,socket.SOCK_SEQPACKET);s.bind(sys.argv[1]);s.listen();print("up",flush=True)\nc,_=s.accept()\nwhile True:\n  d=c.recv(1<<20)\n  if not d: break\n  c.send(str(len(d)).encode()+b" "+d[:4])\n',
        path,
      ],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );

  test.runIf(python)('keeps the bounds of packets and ends by halves, at a path of any length', async () => {
    const path = join(dir, 's');
    const server = echo(path);
    await once(server.stdout!, 'data');
    const socket = connectSeqpacket(join(dir, `${'./'.repeat(100)}s`));
    const packets: string[] = [];
    socket.on('data', (packet) => packets.push(packet.toString()));
    for (const [n, length] of [1, 100, 32768].entries()) {
      await new Promise((sent) => socket.write(Buffer.alloc(length, 'abc'[n]), sent));
      await until(() => packets.length === n + 1);
    }
    expect(packets).toEqual(['1 a', '100 bbbb', '32768 cccc']);
    const ended = Promise.all([once(server, 'exit'), once(socket, 'end')]);
    socket.end();
    await ended;
    socket.destroy();
  });

  test('to nobody fails with the reason', () => {
    const before = descriptors();
    expect(() => connectSeqpacket(join(dir, 'nobody'))).toThrow('ENOENT');
    expect(() => connectSeqpacket(join(dir, 'no', 'directory'))).toThrow('ENOENT');
    expect(descriptors()).toBe(before);
  });
});

function spawnable(program: string): boolean {
  return (process.env['PATH'] ?? '')
    .split(':')
    .some((folder) => folder !== '' && readdirSafely(folder).includes(program));
}

function readdirSafely(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // a folder of PATH that is not there
  }
}
