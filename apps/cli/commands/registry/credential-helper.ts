import { spawn } from 'node:child_process';
import { CliError } from '../../cli-error.ts';

/** A keyring may ask its owner for a password; longer than this nobody waits. */
const TIMEOUT_MS = 60_000;
/** Far above any credential; a program that writes more is not one. */
const OUTPUT_LIMIT = 1024 * 1024;

/** Credentials as helpers know them. User name `<token>` means that the secret is an identity token. */
export interface HelperCredentials {
  Username: string;
  Secret: string;
}

export interface HelperOptions {
  /** Environment of the helper; its PATH says where it is looked for. */
  env: Readonly<Record<string, string | undefined>>;
  /** Default a minute. */
  timeoutMs?: number;
}

/** What a helper may be asked: docker-credential-helpers' protocol, version 1. */
export interface CredentialHelper {
  /** undefined: the helper works and has none for this server. */
  get(server: string): Promise<HelperCredentials | undefined>;
  store(server: string, credentials: HelperCredentials): Promise<void>;
  erase(server: string): Promise<void>;
  /** Servers that it has credentials for. */
  list(): Promise<string[]>;
}

/**
 * The program `docker-credential-NAME` on the PATH. Every failure (missing, not executable, too slow, too much output,
 * wrong JSON) is a CliError that names it; nothing is ever taken for "no credentials" but the answer that says so.
 */
export function credentialHelper(name: string, options: HelperOptions): CredentialHelper {
  if (!/^[\w.-]+$/.test(name)) throw new CliError(`credential helper name ${JSON.stringify(name)} is not valid`);
  const program = `docker-credential-${name}`;
  const ask = async (action: string, input: string): Promise<Answer> => {
    const answer = await run(program, action, input, options);
    if (answer.code !== 0 && !saysMissing(answer.stdout)) {
      throw new CliError(
        `error ${GERUND[action]} credentials - ${program} ${action} ended with ${answer.code}: ${firstLine(answer)}`,
      );
    }
    return answer;
  };
  return {
    async get(server) {
      const answer = await ask('get', server);
      return answer.code === 0 ? readCredentials(answer.stdout, program) : undefined;
    },
    async store(server, credentials) {
      const answer = await ask('store', JSON.stringify({ ServerURL: server, ...credentials }));
      if (answer.code !== 0) throw new CliError(`error storing credentials - ${program}: ${firstLine(answer)}`);
    },
    async erase(server) {
      await ask('erase', server);
    },
    async list() {
      return readServers((await ask('list', '')).stdout, program);
    },
  };
}

const GERUND: Record<string, string> = { get: 'getting', store: 'storing', erase: 'erasing', list: 'listing' };

interface Answer {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** The one answer that means "works, but has none". */
function saysMissing(stdout: string): boolean {
  return stdout.trim() === 'credentials not found in native keychain';
}

function firstLine({ stdout, stderr }: Answer): string {
  return (stdout.trim() || stderr.trim() || 'no output').split('\n')[0]?.slice(0, 300) ?? '';
}

function readCredentials(text: string, program: string): HelperCredentials {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    // The text may hold a secret: it is not quoted.
    throw new CliError(`error getting credentials - ${program} answered with something that is not JSON`);
  }
  const { Username, Secret } = (parsed ?? {}) as Record<string, unknown>;
  if (typeof Username !== 'string' || typeof Secret !== 'string') {
    throw new CliError(`error getting credentials - ${program} answered without Username and Secret`);
  }
  return { Username, Secret };
}

/** The keys of `{"SERVER": "USER"}`. */
function readServers(text: string, program: string): string[] {
  try {
    return Object.keys(JSON.parse(text.trim() || '{}') as object);
  } catch {
    throw new CliError(`error listing credentials - ${program} answered with something that is not JSON`);
  }
}

function run(program: string, action: string, input: string, options: HelperOptions): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const fail = (why: string) => {
      child.kill('SIGKILL');
      reject(new CliError(`error ${GERUND[action]} credentials - ${program} ${action}: ${why}`));
    };
    const { env, timeoutMs = TIMEOUT_MS } = options;
    const child = spawn(program, [action], { stdio: ['pipe', 'pipe', 'pipe'], env: { ...env } });
    const timer = setTimeout(() => fail(`no answer within ${timeoutMs / 1000} seconds`), timeoutMs);
    let size = 0;
    const texts = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (text: string) => {
        size += text.length;
        if (size > OUTPUT_LIMIT) fail('too much output');
        else texts[name] += text;
      });
    }
    child.on('error', (error: NodeJS.ErrnoException) => {
      clearTimeout(timer);
      if (error.code === 'ENOENT') fail('executable file not found in $PATH');
      else fail(error.code === 'EACCES' ? 'permission denied' : error.message);
    });
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ code, ...texts });
    });
    // A helper that fails early closes its input: its exit code says why.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
  });
}
