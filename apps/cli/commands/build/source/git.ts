import { execFile } from 'node:child_process';
import { lstatSync, mkdtempSync, rmSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve, sep } from 'node:path';
import { errnoOf, separateCredentials } from '@berth/kit';
import { CliError } from '../../../cli-error.ts';
import type { Context } from '../../../context.ts';
import { type DockerfileWish, directorySource } from './open.ts';
import type { Source } from './source.ts';

/** A Git context's parts: `URL#REF:SUBDIR`. */
interface GitAddress {
  url: string;
  ref: string;
  subdirectory: string;
}

/** What a clone may talk: no helper programs, no files of this machine, no options in the place of names. */
const PROTOCOLS = 'http:https:git:ssh';

/**
 * Fetches one commit of a repository to a temporary directory and makes a context of it. Nothing of the repository is run:
 * no hooks, no filters, no submodule commands. User and password of the address stay out of the checkout. Throws CliError in Docker's words.
 */
export async function gitSource(context: Pick<Context, 'env'>, spec: string, wish: DockerfileWish): Promise<Source> {
  const address = readGitAddress(spec);
  const root = mkdtempSync(join(tmpdir(), 'berth-build-git-'));
  const remove = async () => rmSync(root, { recursive: true, force: true });
  try {
    await checkOut(address, root, context.env);
    // As BuildKit does it: what git keeps for itself is no part of the context, unless it is asked for.
    if (!wish.keepGitDir) rmSync(join(root, '.git'), { recursive: true, force: true });
    const folder = await insideOf(root, address.subdirectory);
    const source = await directorySource(folder, { ...wish, confined: true });
    return { ...source, dispose: remove };
  } catch (error) {
    await remove();
    if (!(error instanceof CliError)) throw error;
    throw new CliError(`unable to prepare context: ${error.message}`);
  }
}

/** Splits an address. Errors: CliError for what could be taken for an option. */
export function readGitAddress(spec: string): GitAddress {
  const hash = spec.indexOf('#');
  const bare = hash < 0 ? spec : spec.slice(0, hash);
  const [ref = '', ...rest] = (hash < 0 ? '' : spec.slice(hash + 1)).split(':');
  const url = bare.startsWith('github.com/') ? `https://${bare}` : bare;
  if (url.startsWith('-') || ref.startsWith('-')) throw new CliError(`invalid refspec: ${ref || url}`);
  return { url, ref, subdirectory: rest.join(':') };
}

async function checkOut({ url, ref }: GitAddress, root: string, env: Context['env']): Promise<void> {
  const bare = separateCredentials(url, env);
  const git = (...args: string[]) => runGit(args, root, { ...env, ...bare.environment });
  await git('init', '--quiet', '--template=', '.');
  await git('remote', 'add', '--', 'origin', bare.url);
  const wanted = ref === '' ? 'HEAD' : ref;
  try {
    await git('fetch', '--quiet', '--depth', '1', '--no-tags', '--', 'origin', wanted);
  } catch (error) {
    // A commit by its short id, or a server that gives none by id: all of it is needed.
    if (!/^[0-9a-f]{4,64}$/.test(wanted) || !(error instanceof CliError)) throw error;
    await git('fetch', '--quiet', '--', 'origin', '+refs/heads/*:refs/remotes/origin/*', '+refs/tags/*:refs/tags/*');
    await git('checkout', '--quiet', '--detach', wanted);
    return;
  }
  await git('checkout', '--quiet', '--detach', 'FETCH_HEAD');
  if (!lstatSync(join(root, '.gitmodules'), { throwIfNoEntry: false })) return;
  await git('submodule', '--quiet', 'update', '--init', '--recursive', '--depth', '1');
}

/** Settings that a repository or a user's own file cannot change. */
const SETTINGS = [
  'core.hooksPath=/dev/null',
  'core.fsmonitor=false',
  'core.symlinks=true',
  'protocol.file.allow=never',
  'protocol.ext.allow=never',
  'submodule.recurse=false',
  'credential.interactive=false',
].flatMap((setting) => ['-c', setting]);

function runGit(args: readonly string[], cwd: string, env: Context['env']): Promise<void> {
  return new Promise((resolveRun, reject) => {
    execFile(
      'git',
      [...SETTINGS, ...args],
      {
        cwd,
        maxBuffer: 16 * 1024 * 1024,
        env: {
          ...env,
          ...{ GIT_TERMINAL_PROMPT: '0', GIT_ALLOW_PROTOCOL: PROTOCOLS, GIT_CONFIG_NOSYSTEM: '1', LC_ALL: 'C' },
          ...{ GIT_DIR: undefined, GIT_WORK_TREE: undefined, GIT_INDEX_FILE: undefined },
        },
      },
      (error, _stdout, stderr) => {
        if (!error) return resolveRun();
        if (errnoOf(error) === 'ENOENT')
          return reject(new CliError('unable to find \'git\': exec: "git": executable file not found in $PATH'));
        const step = args[0] === 'fetch' ? 'error fetching' : `error running git ${args[0]}`;
        reject(
          new CliError(
            `unable to 'git clone' to temporary context directory: ${step}: ${stderr.trim()}: exit status ${error.code}`,
          ),
        );
      },
    );
  });
}

/** A directory of the checkout, its links followed and found inside. */
async function insideOf(root: string, subdirectory: string): Promise<string> {
  const base = await realpath(root);
  const wanted = resolve(base, `./${subdirectory}`);
  const real = await realpath(wanted).catch((error: unknown) => {
    if (errnoOf(error) !== 'ENOENT') throw error;
    throw new CliError(
      `unable to 'git clone' to temporary context directory: error setting git checkout dir: no such directory: ${subdirectory}`,
    );
  });
  if (real !== base && !real.startsWith(base + sep))
    throw new CliError(
      `unable to 'git clone' to temporary context directory: subdirectory ${subdirectory} is outside of the repository`,
    );
  const stat = lstatSync(real);
  if (!stat.isDirectory())
    throw new CliError(
      `unable to 'git clone' to temporary context directory: error setting git checkout dir: not a directory: ${subdirectory}`,
    );
  return real;
}
