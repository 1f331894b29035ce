import { join } from 'node:path';
import type { Builder } from '../build-context.ts';
import type { BuildContext, ContextEntry } from '../context/index.ts';
import type { CopySource, TreeEntry } from '../files/protocol.ts';
import type { StageImage } from '../stage-image.ts';
import type { FileTree, Listing } from './file-selection.ts';
import { layersOf } from './image-layers.ts';

/** A place that COPY takes files from. */
export interface CopyRoot {
  tree: FileTree;
  /** Names an image's files and how they are seen: they never change. '' for all else. */
  fixedId: string;
  origin: CopySource['origin'];
  /** Where a path leads, without a slash in front, '' for the root; undefined when there is nothing. */
  locate(path: string): Promise<string | undefined>;
  /** Names of what was selected, as the worker opens it. */
  from(entry: TreeEntry): string;
}

/** Files of a build context: owned by root, whatever they are at the client. */
export function contextRoot(context: BuildContext): CopyRoot {
  const known = roots.get(context) ?? openRoot(context);
  roots.set(context, known);
  return known;
}

/** A context is gone through once, however many steps copy from it. */
const roots = new WeakMap<BuildContext, CopyRoot>();

function openRoot(context: BuildContext): CopyRoot {
  const entries = [...context.entries.values()].map(toTreeEntry);
  const paths = new Map([...context.entries.values()].map((entry) => [latin1(entry), context.contentPath(entry)]));
  return {
    tree: {
      list: async (path) => {
        if (path === '') return { base: '', entries };
        const found = context.resolve(Buffer.from(path, 'latin1').toString('utf8'));
        if (!found) return undefined;
        const base = latin1(found);
        const prefix = `${base}/`;
        return { base, entries: entries.filter((entry) => entry.path === base || entry.path.startsWith(prefix)) };
      },
    },
    fixedId: '',
    locate: async (path) => context.resolve(path)?.path,
    origin: { kind: 'content', directory: '/' },
    from: ({ path, type }) => (type === 'file' ? paths.get(path)!.replace(/^\/+/, '') : ''),
  };
}

const latin1 = ({ name }: ContextEntry) => name.toString('latin1');

/** One for all: what goes to another thread is copied once for each object. */
const NO_XATTRS: ReadonlyMap<string, Buffer> = new Map();

function toTreeEntry(entry: ContextEntry): TreeEntry {
  const { type, mode, mtime, size, sha256, link } = entry;
  const xattrs = entry.xattrs.size === 0 ? NO_XATTRS : entry.xattrs;
  return {
    ...{ path: latin1(entry), type, mode, uid: 0, gid: 0, mtime, size, sha256 },
    ...{ link: link.toString('latin1'), rdev: 0n, xattrs },
  };
}

/** Files of an image or a stage; they stay whose they are, as with both of Docker's builders. */
export function imageRoot(builder: Builder, image: StageImage): CopyRoot {
  const layers = layersOf(builder, image);
  const listed = new Map<string, Promise<Listing | undefined>>();
  const list = async (path: string): Promise<Listing | undefined> => {
    const found = await builder.files.scan(layers, `/${path}`, { followLast: true, deep: true });
    if (path === '') return { base: '', entries: found };
    const base = found[0]?.path;
    return base === undefined ? undefined : { base, entries: found };
  };
  return {
    tree: {
      list: (path) => {
        const known = listed.get(path) ?? list(path);
        listed.set(path, known);
        return known;
      },
    },
    fixedId: image.id,
    locate: async (path) => {
      if (/^\/*$/.test(path)) return '';
      const options = { followLast: true, deep: false };
      const found = await builder.files.scan(layers, Buffer.from(`/${path}`).toString('latin1'), options);
      return found[0] && Buffer.from(found[0].path, 'latin1').toString('utf8');
    },
    origin: { kind: 'layers', layers: builder.files.layersOf(layers) },
    from: ({ path }) => path,
  };
}

/** A file that the engine itself put in a build's own directory. */
export function scratchItem(directory: string, name: string): string {
  return join(directory, name).replace(/^\/+/, '');
}
