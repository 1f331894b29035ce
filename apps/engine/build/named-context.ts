import { createReadStream } from 'node:fs';
import { BerthError } from '@berth/kit';
import type { Build } from './build-context.ts';
import { type BuildContext, isGitAddress } from './context/index.ts';

/** What a context that was given by name turns out to be. */
export type NamedContext = { kind: 'image'; reference: string } | { kind: 'files'; context: BuildContext };

const IMAGE = 'docker-image://';

/** Contexts of one build that were fetched; each once, released with the build. */
const fetched = new WeakMap<Build, Map<string, Promise<BuildContext>>>();

/** `--build-context NAME=…`. Errors: invalid; those of fetching. */
export async function namedContext(build: Build, name: string): Promise<NamedContext> {
  const given = build.request.session?.namedContexts.get(name);
  if (given === undefined) throw new BerthError('invalid', `no build context is named ${name}`);
  if (typeof given !== 'string') return { kind: 'files', context: given };
  if (given.startsWith(IMAGE)) return { kind: 'image', reference: given.slice(IMAGE.length) };
  const known = fetched.get(build) ?? new Map<string, Promise<BuildContext>>();
  fetched.set(build, known);
  const context = known.get(name) ?? fetch(build, given);
  known.set(name, context);
  return { kind: 'files', context: await context };
}

/** To be called when the build is over. */
export async function releaseNamedContexts(build: Build): Promise<void> {
  const all = await Promise.allSettled(fetched.get(build)?.values() ?? []);
  for (const one of all) if (one.status === 'fulfilled') one.value.release();
}

/** A repository, or an archive on a web server. */
async function fetch({ builder, request, signal }: Build, address: string): Promise<BuildContext> {
  const { contexts } = builder.inputs;
  const agent = request.session?.ssh.get('default');
  if (isGitAddress(address)) return contexts.fromGit(address, { keepGitDir: false, signal, agent });
  if (!/^https?:\/\//.test(address))
    throw new BerthError('not-supported', `build contexts like ${address} are not supported`);
  const download = await contexts.fromUrl(address, signal);
  try {
    const [file] = [...download.entries.values()];
    if (!file) throw new BerthError('internal', `nothing was downloaded from ${address}`);
    return await contexts.fromTar(createReadStream(download.contentPath(file)));
  } finally {
    download.release();
  }
}
