import { listContainers, listImages, listNetworks } from '@berth/client';
import type { Context } from '../context.ts';
import { type Completer, DIRECTIVE, type Suggestions, values } from './suggestion.ts';

/** Names of containers in the states given (all when none is); those already named are left out. */
export const containers = (...states: string[]): Completer =>
  quietly(async (context, _word, args) => {
    const all = await listContainers(context.client, { all: true, limit: -1, size: false, filters: {} });
    const wanted = all.filter(({ State }) => states.length === 0 || states.includes(State));
    const names = wanted.flatMap(({ Names }) => (Names ?? []).slice(0, 1).map((name) => name.replace(/^\//, '')));
    return values(names.filter((name) => !args.includes(name)));
  });

/** Names of images with their tags. */
export const images: Completer = quietly(async (context, _word, args) => {
  const all = await listImages(context.client, { all: false, filters: {} });
  const names = all.flatMap(({ RepoTags }) => RepoTags ?? []).filter((name) => !name.startsWith('<none>'));
  return values(names.filter((name) => !args.includes(name)));
});

export const networks: Completer = quietly(async (context, _word, args) => {
  const all = await listNetworks(context.client, {});
  return values(all.map(({ Name }) => Name).filter((name) => !args.includes(name)));
});

export const volumes: Completer = quietly(async (context, _word, args) => {
  const answer = await context.client.json<{ Volumes?: { Name: string }[] | null }>('GET', '/volumes');
  return values((answer.Volumes ?? []).map(({ Name }) => Name).filter((name) => !args.includes(name)));
});

/** For `inspect`: all kinds of things. */
export const anything: Completer = async (context, word, args) => {
  const found = await Promise.all([containers(), images, networks, volumes].map((list) => list(context, word, args)));
  const list = new Map(found.flatMap((some) => some.values).map((one) => [one.value, one]));
  return { values: [...list.values()], directive: DIRECTIVE.noFiles };
};

/** Contexts; the one in use says so. */
export const contexts: Completer = async (context, _word, args) => {
  const { DEFAULT_CONTEXT, listContexts } = await import('../contexts/store.ts');
  const current = context.contextName;
  const all = [DEFAULT_CONTEXT, ...listContexts(context.configDir).map(({ Name }) => Name)];
  const described = all.map((value) => ({ value, ...(value === current && { description: 'current' }) }));
  return { values: described.filter(({ value }) => !args.includes(value)), directive: DIRECTIVE.noFiles };
};

/** Something that the engine says of itself: drivers, runtimes. */
export const fromInfo = (pick: (info: EngineFacts) => string[] | undefined): Completer =>
  quietly(async (context) => values(pick(await context.client.json<EngineFacts>('GET', '/info')) ?? []));

interface EngineFacts {
  Plugins?: { Log?: string[]; Network?: string[]; Volume?: string[] };
  Runtimes?: Record<string, unknown>;
}

/** Servers that there is a login for. */
export const registries: Completer = async (context) => values(Object.keys(context.config.auths ?? {}));

/** With a colon after each, for `NAME:PATH`. */
export const withColon =
  (names: Completer): Completer =>
  async (context, word, args) => {
    const found = await names(context, word, args);
    return {
      values: found.values.map(({ value }) => ({ value: `${value}:` })),
      directive: DIRECTIVE.noSpace | DIRECTIVE.noFiles,
    };
  };

/** Who presses a key wants no error in his line: without an engine there are no names. */
function quietly(list: (context: Context, word: string, args: readonly string[]) => Promise<Suggestions>): Completer {
  return async (context, word, args) => {
    try {
      return await list(context, word, args);
    } catch {
      return values([]);
    }
  };
}
