import { execFile } from 'node:child_process';

export interface CommandResult {
  code: number;
  stdout: string;
  stderr: string;
}

export interface CommandOptions {
  input?: string | Buffer;
  /** Milliseconds; default 60,000. The command is killed then and the promise rejects. */
  timeout?: number;
  env?: Record<string, string>;
  cwd?: string;
}

/** Runs the real `docker` command line against an engine; never throws for an exit code. */
export function docker(engine: { host: string }, args: string[], options: CommandOptions = {}): Promise<CommandResult> {
  return run('docker', args, { ...options, env: { DOCKER_HOST: engine.host, ...options.env } });
}

/** Runs a program with the given input; stdout and stderr are bounded to 64 MiB. */
export function run(program: string, args: string[], options: CommandOptions = {}): Promise<CommandResult> {
  const { input, timeout = 60_000, env, cwd } = options;
  return new Promise((resolve, reject) => {
    const child = execFile(
      program,
      args,
      {
        encoding: 'utf8',
        maxBuffer: 64 * 1024 * 1024,
        timeout,
        killSignal: 'SIGKILL',
        env: { ...process.env, ...env },
        ...(cwd === undefined ? {} : { cwd }),
      },
      (error, stdout, stderr) => {
        if (error !== null && typeof error.code !== 'number') {
          const why = error.killed === true ? `did not end within ${timeout} ms` : error.message;
          reject(new Error(`${program} ${args.join(' ')}: ${why}\n${stdout}${stderr}`, { cause: error }));
        } else resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
      },
    );
    child.stdin?.on('error', () => {}); // the program may end without reading its input
    child.stdin?.end(input ?? '');
  });
}
