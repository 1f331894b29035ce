import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type CopyFrom, type CopyOperation, ignoreRules } from '@berth/dockerfile';
import { BerthError, type Scope } from '@berth/kit';
import type { FileFact } from '../cache/store.ts';
import type { BuildContext } from '../context/index.ts';
import type { CopyItem, CopySource } from '../files/protocol.ts';
import type { StepPlace } from './cached-step.ts';
import { modeChanger } from './change-mode.ts';
import { selectFiles } from './file-selection.ts';
import { type LocalArchive, localArchive } from './local-archive.ts';
import { type CopyRoot, contextRoot, scratchItem } from './trees.ts';

export type CopyPlace = StepPlace & { operation: CopyOperation };

/** What a COPY or ADD takes. */
export interface TakenSources {
  sources: CopySource[];
  facts: FileFact[];
  matches: number;
  hasDirectory: boolean;
  archives: LocalArchive[];
}

type ModeChange = ((item: CopyItem) => number) | undefined;

/** Finds, and fetches, all sources; what was fetched is let go of by `scope`. Errors: invalid, in Docker's words; unavailable. */
export async function takeSources(
  place: CopyPlace,
  root: () => Promise<CopyRoot>,
  scope: Scope,
): Promise<TakenSources> {
  const { build, operation } = place;
  const taken: TakenSources = { sources: [], facts: [], matches: 0, hasDirectory: false, archives: [] };
  const change: ModeChange = operation.chmod === undefined ? undefined : modeChanger(operation.chmod);
  for (const source of operation.sources) {
    if (source.kind === 'inline') addInline(taken, source, build.scratch(), change);
    else if (source.kind === 'path') await addPath(taken, place, await root(), source.path, change);
    else if (source.kind === 'url') await addUrl(taken, place, source.url, { change, scope });
    else await addGit(taken, place, source.url, { change, scope });
  }
  return taken;
}

async function addPath(
  taken: TakenSources,
  { operation, build }: CopyPlace,
  root: CopyRoot,
  path: string,
  change: ModeChange,
): Promise<void> {
  const rules = ignoreRules(operation.exclude);
  const found = await selectFiles(root.tree, path, {
    isExcluded: (name) => rules.isExcluded(Buffer.from(name, 'latin1').toString('utf8')),
    parents: operation.parents,
  });
  if (found.matches === 0) throw nothingFound(operation, path);
  taken.matches += found.matches;
  taken.hasDirectory ||= found.hasDirectory;
  taken.facts.push(...found.facts);
  const items: CopyItem[] = [];
  for (const item of found.items) {
    const from = root.from({ ...item, path: item.from, sha256: '' });
    const archive = isUnpacked(operation, item, root) ? await localArchive(`/${from}`, build) : undefined;
    if (archive) taken.archives.push(archive);
    else items.push({ ...item, from, mode: change && item.type !== 'symlink' ? change(item) : item.mode });
  }
  taken.sources.push({ origin: root.origin, items });
}

/** ADD unpacks what is named itself and lies in a context, unless it is told not to. */
function isUnpacked({ kind, unpack }: CopyOperation, { type, to }: CopyItem, { origin }: CopyRoot): boolean {
  return kind === 'add' && unpack !== false && type === 'file' && to === '' && origin.kind === 'content';
}

interface Fetching {
  change: ModeChange;
  scope: Scope;
}

async function addUrl(taken: TakenSources, place: CopyPlace, url: string, fetching: Fetching): Promise<void> {
  const { build, operation } = place;
  const context = await build.builder.inputs.contexts.fromUrl(url, build.signal);
  fetching.scope.add('let go of a download', () => context.release());
  const [entry] = [...context.entries.values()];
  if (!entry) throw new BerthError('internal', `nothing was downloaded from ${url}`);
  const { checksum } = operation;
  if (checksum !== undefined && checksum !== `sha256:${entry.sha256}`) {
    throw new BerthError('invalid', `digest mismatch sha256:${entry.sha256}: ${checksum}`, {
      hint: `${url} is not what --checksum says.`,
    });
  }
  const unpack = operation.unpack === true;
  await addPath(
    taken,
    { ...place, operation: { ...operation, exclude: [], unpack } },
    contextRoot(context),
    literal(entry.path),
    fetching.change,
  );
}

async function addGit(taken: TakenSources, place: CopyPlace, url: string, { change, scope }: Fetching): Promise<void> {
  const { build, operation } = place;
  const { checksum, keepGitDir } = operation;
  const agent = build.request.session?.ssh.get('default');
  const options = { keepGitDir: keepGitDir || checksum !== undefined, signal: build.signal, agent };
  const fetched = await build.builder.inputs.contexts.fromGit(url, options);
  scope.add('let go of a repository', () => fetched.release());
  if (checksum !== undefined) await checkCommit(fetched, url, checksum);
  const exclude = keepGitDir ? operation.exclude : [...operation.exclude, '.git'];
  await addPath(
    taken,
    { ...place, operation: { ...operation, exclude, unpack: false } },
    contextRoot(fetched),
    '/',
    change,
  );
}

/** A checkout of one commit has its id in `.git/HEAD`. */
async function checkCommit(context: BuildContext, url: string, checksum: string): Promise<void> {
  const head = context.entries.get('.git/HEAD');
  const commit = head && (await readFile(context.contentPath(head), 'utf8')).trim();
  if (commit?.startsWith(checksum)) return;
  throw new BerthError('invalid', `expected checksum to match ${checksum}, got ${commit ?? 'nothing'}`, {
    hint: `${url} is not what --checksum says.`,
  });
}

function literal(path: string): string {
  return path.replace(/[\\*?[]/g, '\\$&');
}

function addInline(
  taken: TakenSources,
  { name, text }: CopyFrom & { kind: 'inline' },
  scratch: string,
  change: ModeChange,
): void {
  const file = randomBytes(8).toString('hex');
  writeFileSync(join(scratch, file), text, { mode: 0o600 });
  const item: CopyItem = {
    ...{ to: '', name, from: scratchItem(scratch, file), type: 'file', mode: 0o644, uid: 0, gid: 0 },
    ...{ mtime: 0n, size: Buffer.byteLength(text), link: '', rdev: 0n, xattrs: new Map() },
  };
  taken.sources.push({
    origin: { kind: 'content', directory: '/' },
    items: [{ ...item, mode: change ? change(item) : item.mode }],
  });
  taken.facts.push({ path: name, kind: 'file 0644 0:0', content: text });
  taken.matches++;
}

function nothingFound({ kind, sources }: CopyOperation, path: string): BerthError {
  const verb = kind.toUpperCase();
  if (/[*?[]/.test(path) && sources.length === 1)
    return new BerthError('invalid', `${verb} failed: no source files were specified`);
  return new BerthError(
    'invalid',
    `${verb} failed: file not found in build context or excluded by .dockerignore: stat ${path.replace(/^\/+/, '')}: file does not exist`,
  );
}
