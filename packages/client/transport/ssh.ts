import type { ChildProcessByStdio } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import type { RawSocket, SshAddress } from './transport.ts';

/** Most that is kept of what ssh says on stderr, in characters. */
const SAID_LIMIT = 4096;

type Ssh = ChildProcessByStdio<Writable, Readable, Readable>;

/**
 * A byte stream to the engine of another machine: `ssh HOST … system dial-stdio` with its stdin and stdout. ssh reads
 * its own configuration and has no terminal to ask at: keys, an agent or SSH_ASKPASS open the door, as with Docker's.
 */
export async function dialBySsh(address: SshAddress): Promise<RawSocket> {
  const { spawn } = await import('node:child_process');
  const args = sshArguments(address);
  // In a session of its own: ctrl-c at our terminal is for the process in the container, not for the way to it.
  const child = spawn('ssh', args, { stdio: ['pipe', 'pipe', 'pipe'], detached: true });
  return childSocket(child, args);
}

/** As Docker calls it; `--` keeps a host from being read as an option. */
export function sshArguments({ user, host, port, path }: SshAddress): string[] {
  const login = [...(user ? ['-l', user] : []), ...(port ? ['-p', port] : [])];
  return ['-o', 'ConnectTimeout=30', '-T', ...login, '--', host, remoteCommand(path)];
}

/** Berth's client where there is one, else Docker's. In one `sh -c`, since the shell of a login may be any. */
function remoteCommand(path: string): string {
  const host = path ? `--host ${quote(`unix://${path}`)} ` : '';
  const script =
    'for program in berth docker; do ' +
    `if command -v "$program" >/dev/null 2>&1; then exec "$program" ${host}system dial-stdio; fi; done; ` +
    'echo "neither berth nor docker is installed here" >&2; exit 127';
  return `sh -c ${quote(script)}`;
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function childSocket(child: Ssh, args: readonly string[]): RawSocket {
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(0, SAID_LIMIT);
  });
  // Writing to an ssh that has ended fails; why it ended is told by `close`.
  child.stdin.on('error', () => undefined);
  let failure: Error | undefined;
  child.once('error', (error) => {
    const missing = 'code' in error && error.code === 'ENOENT';
    failure = missing ? new Error('exec: "ssh": executable file not found in $PATH') : error;
  });
  const ended = new Promise<Error | undefined>((resolve) => {
    child.once('close', (code, signal) => resolve(failure ?? endedBadly(args, code, signal, said)));
    child.once('error', () => resolve(failure));
  });
  return {
    start({ data, end, error }) {
      child.stdout.on('data', (chunk: Uint8Array) => {
        const busy = data(chunk);
        if (!busy) return;
        child.stdout.pause();
        busy.then(
          () => child.stdout.resume(),
          (cause: Error) => {
            child.kill();
            error(cause);
          },
        );
      });
      ended.then((cause) => (cause ? error(cause) : end()));
    },
    write: (bytes) => new Promise((resolve) => child.stdin.write(bytes, () => resolve())),
    closeWrite: () => void child.stdin.end(),
    destroy: () => void child.kill(),
  };
}

function endedBadly(args: readonly string[], code: number | null, signal: string | null, said: string) {
  if (code === 0) return undefined;
  const how = code === null ? `signal: ${signal}` : `exit status ${code}`;
  return new Error(
    `command [ssh ${args.join(' ')}] has exited with ${how}, make sure the URL is valid, ` +
      `and Berth, or Docker 18.09 or later, is installed on the remote host: stderr=${said}`,
  );
}
