import { execFile } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { BerthError, errnoOf, separateCredentials } from '@berth/kit';

const OUTPUT_MAX = 16 * 1024 * 1024;
const TIMEOUT_MS = 30 * 60 * 1000;

/** `URL#REF:SUBDIRECTORY`. */
export interface GitAddress {
  url: string;
  /** Branch, tag or commit; '' is what the repository's HEAD says. */
  ref: string;
  subdirectory: string;
}

/** True for addresses that Docker takes for Git repositories. */
export function isGitAddress(text: string): boolean {
  return /^https?:\/\/.*\.git(?:#.+)?$/.test(text) || /^(?:git:\/\/|github\.com\/|git@|ssh:\/\/)/.test(text);
}

/** Splits an address. Errors: invalid for parts that a program could take for options, or for another kind of address. */
export function parseGitAddress(text: string): GitAddress {
  const hash = text.indexOf('#');
  const bare = hash < 0 ? text : text.slice(0, hash);
  const [ref = '', ...rest] = (hash < 0 ? '' : text.slice(hash + 1)).split(':');
  const url = bare.startsWith('github.com/') ? `https://${bare}` : bare;
  const known = /^(?:https?|git|ssh):\/\/[^-]/.test(url) || /^[\w.]+@[\w.][\w.-]*:/.test(url);
  if (!known || /[\s\0]/.test(url))
    throw new BerthError('invalid', `invalid Git address: ${url.replace(/\/\/[^/]*@/, '//')}`);
  if (ref.startsWith('-') || /[\s\0~^:?*[\\]|\.\./.test(ref))
    throw new BerthError('invalid', `invalid refspec: ${ref}`);
  return { url, ref, subdirectory: rest.join(':') };
}

export interface FetchOptions {
  signal: AbortSignal;
  /** The socket of an agent that the client of the build gave; without one ssh has no keys at all. */
  agent?: string | undefined;
}

/**
 * Fetches one commit into the empty directory `folder`. Only the transports http(s), git and ssh are spoken; nothing of the
 * repository is run: no hooks, no filters, no programs that its files name. Submodules are fetched by the same rules, but
 * never by ssh. User and password of the address are in no file of the checkout and in no arguments. Errors: unavailable (no git, no answer), invalid (no such reference).
 */
export async function fetchGit({ url, ref }: GitAddress, folder: string, options: FetchOptions): Promise<void> {
  const { signal, agent } = options;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const bare = separateCredentials(url, {});
  const run = (args: string[], protocols: string) =>
    runGit(args, folder, {
      environment: { ...bare.environment, ...sshOf(agent), GIT_ALLOW_PROTOCOL: protocols },
      signal,
    });
  const git = (...args: string[]) => run(args, `${PROTOCOLS}:ssh`);
  await git('init', '--quiet', '--template=', '.');
  await git('remote', 'add', '--', 'origin', bare.url);
  try {
    await git('fetch', '--quiet', '--depth', '1', '--no-tags', '--', 'origin', ref === '' ? 'HEAD' : ref);
    await git('checkout', '--quiet', '--detach', 'FETCH_HEAD');
  } catch (error) {
    // A commit by its short id, or a server that gives none by id: all of it is needed.
    if (!/^[0-9a-f]{4,64}$/.test(ref) || signal.aborted) throw error;
    await git('fetch', '--quiet', '--', 'origin', '+refs/heads/*:refs/remotes/origin/*', '+refs/tags/*:refs/tags/*');
    await git('checkout', '--quiet', '--detach', ref);
  }
  if (existsSync(join(folder, '.gitmodules')))
    await run(['submodule', '--quiet', 'update', '--init', '--recursive', '--depth', '1'], PROTOCOLS);
}

/** What a repository may lead on to. */
const PROTOCOLS = 'http:https:git';

/**
 * ssh finds a home in the password database, whatever HOME says: none of root's keys, agents, settings and hosts is the
 * engine's to use. Hosts have to be in the machine's own list.
 */
const SSH = [
  'ssh -F /dev/null',
  ...['BatchMode=yes', 'StrictHostKeyChecking=yes', 'UserKnownHostsFile=/dev/null', 'UpdateHostKeys=no'],
  ...['IdentityFile=/dev/null', 'PreferredAuthentications=publickey'],
];

function sshOf(agent: string | undefined): Record<string, string> {
  const keys = agent === undefined ? ['IdentitiesOnly=yes', 'IdentityAgent=none'] : ['IdentityAgent=SSH_AUTH_SOCK'];
  return {
    GIT_SSH_COMMAND: [...SSH, ...keys].join(' -o '),
    ...(agent !== undefined && { SSH_AUTH_SOCK: agent }),
  };
}

/** What neither a repository nor a file of this machine can change. */
const SETTINGS = [
  'core.hooksPath=/dev/null',
  'core.fsmonitor=false',
  'core.attributesFile=/dev/null',
  'core.protectNTFS=true',
  'protocol.file.allow=never',
  'protocol.ext.allow=never',
  'http.followRedirects=initial',
].flatMap((setting) => ['-c', setting]);

/** Of the engine's own environment git sees the way to programs and to proxies, nothing else. */
const PASSED = /^(?:PATH|https?_proxy|no_proxy|all_proxy|SSL_CERT_(?:FILE|DIR))$/i;

function runGit(
  args: readonly string[],
  cwd: string,
  { environment, signal }: { environment: Record<string, string>; signal: AbortSignal },
): Promise<void> {
  const env = {
    ...Object.fromEntries(Object.entries(process.env).filter(([name]) => PASSED.test(name))),
    ...{ HOME: '/nonexistent', LC_ALL: 'C', GIT_TERMINAL_PROMPT: '0' },
    ...{ GIT_CONFIG_NOSYSTEM: '1', GIT_CONFIG_GLOBAL: '/dev/null', GIT_CEILING_DIRECTORIES: join(cwd, '..') },
    ...environment,
  };
  return new Promise((resolve, reject) => {
    const options = { cwd, env, signal, maxBuffer: OUTPUT_MAX, timeout: TIMEOUT_MS };
    execFile('git', [...SETTINGS, ...args], options, (error, _stdout, stderr) => {
      if (!error) resolve();
      else if (signal.aborted) reject(new BerthError('canceled', 'the build was canceled', { cause: error }));
      else if (errnoOf(error) === 'ENOENT')
        reject(
          new BerthError('unavailable', 'Git contexts need the program git, which is not installed', {
            hint: 'Install it: apt-get install git',
          }),
        );
      else
        reject(
          new BerthError('invalid', `failed to fetch the Git repository: ${stderr.trim().slice(-2000)}`, {
            cause: error,
          }),
        );
    });
  });
}
