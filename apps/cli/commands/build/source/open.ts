import { lstatSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { basename, isAbsolute, join, relative, resolve } from 'node:path';
import { errnoOf } from '@berth/kit';
import { CliError } from '../../../cli-error.ts';
import type { Context } from '../../../context.ts';
import { descriptorChunks, fileChunks } from '../../image/file-chunks.ts';
import { archiveOrDockerfile, looksLikeArchive } from './archive.ts';
import { readIgnoreRules } from './ignore.ts';
import { NO_RULES } from './ignore-rules.ts';
import type { DirectorySource, DockerfilePlace, Source } from './source.ts';

const DOCKERFILE = 'Dockerfile';
/** A Dockerfile from stdin. */
const DOCKERFILE_MAX = 16 * 1024 * 1024;

/**
 * Finds what `berth build SPEC -f FILE` means: a directory, `-`, a tar, a Git repository, a URL. Throws CliError in Docker's
 * words before anything is sent.
 */
export async function openSource(
  context: Context,
  spec: string,
  file: string,
  { keepGitDir = false }: { keepGitDir?: boolean } = {},
): Promise<Source> {
  if (spec === '-' && file === '-')
    throw new CliError("invalid argument: can't use stdin for both build context and dockerfile");
  if (spec === '-') return archiveOrDockerfile(descriptorChunks(context.in.fd), { file, where: 'STDIN' });
  const stdin = file === '-' ? await readAll(descriptorChunks(context.in.fd)) : undefined;
  if (isGit(spec)) return (await import('./git.ts')).gitSource(context, spec, { file, stdin, keepGitDir });
  if (/^https?:\/\//.test(spec)) return (await import('./url.ts')).urlSource(spec, { file, stdin });
  return wrapError(() => localSource(spec, { file, stdin }));
}

/** Addresses that Docker takes for Git repositories. */
export function isGit(spec: string): boolean {
  return /^https?:\/\/.*\.git(?:#.+)?$/.test(spec) || /^(?:git:\/\/|github\.com\/|git@|ssh:\/\/)/.test(spec);
}

export interface DockerfileWish {
  /** `--file` as it was given. */
  file: string;
  /** Its text when it came from stdin. */
  stdin?: Buffer | undefined;
  /** BUILDKIT_CONTEXT_KEEP_GIT_DIR. */
  keepGitDir?: boolean;
  /** The directory is someone else's: a link in it may not make a file of this machine the Dockerfile. */
  confined?: boolean;
}

async function localSource(spec: string, wish: DockerfileWish): Promise<Source> {
  const stat = statSync(spec, { throwIfNoEntry: false });
  if (!stat) throw new CliError(`path ${JSON.stringify(spec)} not found`);
  if (stat.isFile() && looksLikeArchive(spec)) {
    const dockerfile: DockerfilePlace = wish.stdin
      ? { name: DOCKERFILE, text: wish.stdin }
      : { inContext: wish.file || DOCKERFILE };
    return { kind: 'archive', body: fileChunks(spec), dockerfile, dispose: async () => {} };
  }
  if (!stat.isDirectory()) throw new CliError(`context must be a directory: ${resolve(spec)}`);
  return directorySource(spec, { ...wish, file: wish.file && resolve(wish.file) });
}

/** A context directory. `file` is absolute or relative to it; '' is the default. */
export async function directorySource(
  spec: string,
  { file, stdin, confined = false }: DockerfileWish,
): Promise<DirectorySource> {
  const root = realpathSync(resolve(spec));
  const dockerfile: DockerfilePlace = stdin ? { name: DOCKERFILE, text: stdin } : findDockerfile(root, file, confined);
  const ignoreBeside = stdin
    ? undefined
    : resolve(root, file || ('inContext' in dockerfile ? dockerfile.inContext : DOCKERFILE));
  const ignore = await readIgnoreRules(root, { beside: ignoreBeside, confined });
  return {
    kind: 'directory',
    root,
    dockerfile,
    rules: ignore ?? NO_RULES,
    ignore,
    dispose: async () => {},
  };
}

function findDockerfile(root: string, file: string, confined: boolean): DockerfilePlace {
  let path = isAbsolute(file) ? file : join(root, file || DOCKERFILE);
  if (file === '' && !lstatSync(path, { throwIfNoEntry: false })) {
    const lower = join(root, DOCKERFILE.toLowerCase());
    if (lstatSync(lower, { throwIfNoEntry: false })) path = lower;
  }
  let real: string;
  try {
    real = realpathSync(path);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
    throw new CliError(`unable to evaluate symlinks in Dockerfile path: lstat ${path}: no such file or directory`);
  }
  const inside = relative(root, real);
  if (inside !== '..' && !inside.startsWith('../') && !isAbsolute(inside)) return { inContext: inside };
  if (confined) throw new CliError(`the Dockerfile (${file || DOCKERFILE}) must be within the build context`);
  return { name: basename(path), text: readFileSync(real) };
}

/** Everything of a stream that is a Dockerfile. */
export async function readAll(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    parts.push(chunk);
    size += chunk.length;
    if (size > DOCKERFILE_MAX) throw new CliError('the Dockerfile is too large');
  }
  return Buffer.concat(parts);
}

async function wrapError<T>(open: () => Promise<T>): Promise<T> {
  try {
    return await open();
  } catch (error) {
    if (error instanceof CliError) throw new CliError(`unable to prepare context: ${error.message}`);
    throw error;
  }
}
