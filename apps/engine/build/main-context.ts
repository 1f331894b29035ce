import { createReadStream, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { type IgnoreRules, ignoreFileNames, parseIgnoreFile } from '@berth/dockerfile';
import { BerthError } from '@berth/kit';
import type { Builder } from './build-context.ts';
import { type BuildContext, type ContextEntry, isGitAddress } from './context/index.ts';
import type { BuildInput, BuildRequest } from './model.ts';

/** What a build is done from. */
export interface OpenedContext {
  context: BuildContext | undefined;
  dockerfile: string | Uint8Array;
  /** The rule of the context's own ignore file that leaves a path out. */
  ignoredBy(path: string): string | undefined;
}

const DOCKERFILE_MAX = 16 * 1024 * 1024;

/**
 * The context of a build: of the session, of the body as an archive or as a Dockerfile alone. The caller releases it.
 * Errors: invalid, unavailable.
 */
export async function openMainContext(
  builder: Builder,
  request: BuildRequest,
  { body, signal }: BuildInput,
): Promise<OpenedContext> {
  const { session } = request;
  if (session?.context) return opened(session.context, request);
  if (request.remote !== '') return remoteContext(builder, request, signal);
  const { head, rest } = await peek(body);
  if (head.length > 0 && isText(head)) return { ...WITHOUT_CONTEXT, dockerfile: await readText(rest) };
  if (head.length === 0 && session?.dockerfile !== undefined)
    return { ...WITHOUT_CONTEXT, dockerfile: session.dockerfile };
  const context = await builder.inputs.contexts.fromTar(rest);
  return orRelease(context, () => opened(context, request));
}

function keepsGitDir({ buildArgs }: BuildRequest): boolean {
  return /^(?:1|t|true)$/i.test(buildArgs['BUILDKIT_CONTEXT_KEEP_GIT_DIR'] ?? '');
}

/** A Git repository, an archive, or a Dockerfile alone, by its address. */
async function remoteContext(builder: Builder, request: BuildRequest, signal: AbortSignal): Promise<OpenedContext> {
  const { contexts } = builder.inputs;
  const { remote } = request;
  if (isGitAddress(remote)) {
    const agent = request.session?.ssh.get('default');
    const fetched = await contexts.fromGit(remote, { keepGitDir: keepsGitDir(request), signal, agent });
    return orRelease(fetched, () => opened(fetched, request));
  }
  const address = /^https?:\/\//.test(remote) ? remote : `http://${remote}`;
  const download = await contexts.fromUrl(address, signal);
  try {
    const [file] = [...download.entries.values()];
    if (!file) throw new BerthError('internal', `nothing was downloaded from ${remote}`);
    const { head, rest } = await peek(createReadStream(download.contentPath(file)));
    if (isText(head)) return { ...WITHOUT_CONTEXT, dockerfile: await readText(rest) };
    const context = await contexts.fromTar(rest);
    return await orRelease(context, () => opened(context, request));
  } finally {
    download.release();
  }
}

async function orRelease(context: BuildContext, open: () => Promise<OpenedContext>): Promise<OpenedContext> {
  try {
    return await open();
  } catch (error) {
    context.release();
    throw error;
  }
}

const WITHOUT_CONTEXT = { context: undefined, ignoredBy: () => undefined };

async function opened(context: BuildContext, { session, dockerfile }: BuildRequest): Promise<OpenedContext> {
  const rules = await ignoreRulesIn(context, dockerfile);
  return {
    context: rules.isEmpty ? context : without(context, rules),
    dockerfile: session?.dockerfile ?? (await dockerfileIn(context, dockerfile)),
    ignoredBy: (path) => {
      const { excluded, rule } = rules.verdict(path);
      return excluded ? rule?.text : undefined;
    },
  };
}

/** Clients leave out what is ignored, but for the Dockerfile and the ignore file itself. */
function without(context: BuildContext, rules: IgnoreRules): BuildContext {
  const entries = new Map([...context.entries].filter(([path]) => !rules.isExcluded(path)));
  return {
    ...context,
    entries,
    resolve: (path, options) => {
      const found = context.resolve(path, options);
      return found && entries.get(found.path);
    },
  };
}

async function ignoreRulesIn(context: BuildContext, dockerfile: string): Promise<IgnoreRules> {
  for (const name of ignoreFileNames(dockerfile)) {
    const found = context.resolve(name);
    if (found?.type !== 'file' || found.size > DOCKERFILE_MAX) continue;
    return parseIgnoreFile((await contentOf(context, found)).toString('utf8'), name);
  }
  return parseIgnoreFile('');
}

/** Errors: invalid, in Docker's words. */
async function dockerfileIn(context: BuildContext, path: string): Promise<Uint8Array> {
  const found = context.resolve(path) ?? (path === 'Dockerfile' ? context.resolve('dockerfile') : undefined);
  if (found?.type !== 'file') throw new BerthError('invalid', `Cannot locate specified Dockerfile: ${path}`);
  if (found.size > DOCKERFILE_MAX) throw new BerthError('invalid', `the Dockerfile (${path}) is too large`);
  if (found.size === 0) throw new BerthError('invalid', `the Dockerfile (${path}) cannot be empty`);
  return contentOf(context, found);
}

/** Of what is small a copy is in memory: reading it at once takes less time than asking another thread to. */
const SMALL = 64 * 1024;

async function contentOf(context: BuildContext, entry: ContextEntry): Promise<Buffer> {
  const path = context.contentPath(entry);
  return entry.size <= SMALL ? readFileSync(path) : readFile(path);
}

const HEAD = 512;

/** The first block, with all of the body after it, itself included. */
async function peek(body: AsyncIterable<Uint8Array>): Promise<{ head: Buffer; rest: AsyncIterable<Uint8Array> }> {
  const pieces = body[Symbol.asyncIterator]();
  let head: Buffer = Buffer.alloc(0);
  while (head.length < HEAD) {
    const next = await pieces.next();
    if (next.done) break;
    head = Buffer.concat([head, next.value]);
  }
  async function* all() {
    if (head.length > 0) yield head;
    for (let next = await pieces.next(); !next.done; next = await pieces.next()) yield next.value;
  }
  return { head, rest: all() };
}

/** Archives have zeros in their first block, compressed ones bytes that no text begins with. */
function isText(head: Buffer): boolean {
  const start = head.subarray(0, HEAD);
  if (start.includes(0) || /^(?:1f8b|28b52ffd|425a68|fd377a585a00)/.test(start.toString('hex', 0, 6))) return false;
  return true;
}

async function readText(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of body) {
    size += piece.length;
    if (size > DOCKERFILE_MAX) throw new BerthError('invalid', 'the Dockerfile is too large');
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}
