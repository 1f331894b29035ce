import type { ContainerRecord } from '../model.ts';
import { parseTag } from './tag.ts';
import type { TagValue } from './tag-functions.ts';

type Logged = Pick<ContainerRecord, 'id' | 'name' | 'createdAt' | 'imageId' | 'spec'>;

/**
 * What `labels`, `labels-regex`, `env` and `env-regex` choose of a container, by name. `prefix`: `cache-` for what goes
 * with the copy on disk.
 */
export function extraAttributes({ spec }: Logged, prefix = ''): Map<string, string> {
  const { Config } = spec.hostConfig.LogConfig;
  const chosen = new Map<string, string>();
  const choose = (from: Map<string, string>, names: string | undefined, pattern: string | undefined) => {
    for (const name of names ? names.split(',') : []) {
      const value = from.get(name);
      if (value !== undefined) chosen.set(name, value);
    }
    const regex = pattern ? toRegExp(pattern) : undefined;
    for (const [name, value] of from) if (regex?.test(name)) chosen.set(name, value);
  };
  choose(new Map(Object.entries(spec.config.Labels ?? {})), Config[`${prefix}labels`], Config[`${prefix}labels-regex`]);
  choose(environment(spec.config.Env ?? []), Config[`${prefix}env`], Config[`${prefix}env-regex`]);
  return chosen;
}

/** What `logs --details` shows before each line: `name=value` pairs, escaped as in an URL, with commas. */
export function detailsOf(record: Logged, prefix = ''): string {
  const attributes = extraAttributes(record, prefix);
  const tag = record.spec.hostConfig.LogConfig.Config[`${prefix}tag`];
  if (tag) attributes.set('tag', tagOf(record, tag));
  return [...attributes]
    .map(([name, value]) => `${escapeQuery(name)}=${escapeQuery(value)}`)
    .sort()
    .join(',');
}

/** The tag of a container's messages. Errors: invalid (template). */
export function tagOf(record: Logged, template: string): string {
  return parseTag(template)(fieldsOf(record));
}

/** The program with its arguments, as `ps` shows it. */
export function commandLine({ spec }: Logged): string[] {
  return [...(spec.config.Entrypoint ?? []), ...(spec.config.Cmd ?? [])];
}

/** Compiles a pattern that was checked at create. Go writes flags at its beginning, `(?i)`. */
export function toRegExp(pattern: string): RegExp {
  const [, flags = '', rest = pattern] = /^\(\?([ims]+)\)(.*)$/s.exec(pattern) ?? [];
  return new RegExp(rest, `u${flags}`);
}

function fieldsOf(record: Logged): Record<string, TagValue> {
  const { id, name, spec, imageId } = record;
  const [entrypoint = '', ...args] = commandLine(record);
  return {
    ID: id.slice(0, 12),
    FullID: id,
    Name: name,
    ImageID: imageId.slice(0, 12), // with its `sha256:`, as Docker cuts it
    ImageFullID: imageId,
    ImageName: spec.config.Image,
    Command: [entrypoint, ...args].join(' '),
    DaemonName: 'docker', // what dashboards for Docker's logs look for
    ContainerID: id,
    ContainerName: `/${name}`,
    ContainerEntrypoint: entrypoint,
    ContainerArgs: args,
    ContainerImageID: imageId,
    ContainerImageName: spec.config.Image,
    ContainerCreated: new Date(record.createdAt).toISOString(),
    ContainerEnv: spec.config.Env ?? [],
    ContainerLabels: spec.config.Labels ?? {},
    Config: spec.hostConfig.LogConfig.Config,
  };
}

function environment(list: readonly string[]): Map<string, string> {
  return new Map(
    list.flatMap((entry) => {
      const at = entry.indexOf('=');
      return at < 0 ? [] : [[entry.slice(0, at), entry.slice(at + 1)] as const];
    }),
  );
}

/** Go's url.QueryEscape. */
function escapeQuery(text: string): string {
  return encodeURIComponent(text)
    .replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+');
}
