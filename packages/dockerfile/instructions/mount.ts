import { BerthError, readBoolean } from '@berth/kit';
import { expandWord, type Variables } from '../expand/word.ts';
import { suggestion } from '../suggest.ts';
import { splitCsv } from './csv.ts';
import { parseSize } from './size.ts';

const TYPES = ['bind', 'cache', 'tmpfs', 'secret', 'ssh'] as const;
const SHARING = ['shared', 'private', 'locked'] as const;
const KEYS = [
  'type',
  'from',
  'source',
  'target',
  'readonly',
  'id',
  'sharing',
  'required',
  'size',
  'mode',
  'uid',
  'gid',
  'src',
  'dst',
  'destination',
  'ro',
  'rw',
  'readwrite',
  'env',
];
const LARGEST_ID = 2 ** 32 - 1;

/** A mount of a RUN step, as written but for variables: defaults that the executor fills in are left out. */
export interface Mount {
  type: (typeof TYPES)[number];
  /** Stage, context or image; undefined is the build context, or nothing for a cache. */
  from: string | undefined;
  source: string | undefined;
  target: string | undefined;
  readonly: boolean;
  /** Of a cache, a secret or an agent. */
  id: string | undefined;
  sharing: (typeof SHARING)[number] | undefined;
  required: boolean;
  /** Bytes of a tmpfs. */
  size: number | undefined;
  mode: number | undefined;
  uid: number | undefined;
  gid: number | undefined;
  /** Variable that a secret is put in. */
  env: string | undefined;
}

type Draft = Mount & { readonlySaid: boolean };

/** The value of `from=`; refuses variables in it. */
export function mountFrom(text: string): string | undefined {
  let from: string | undefined;
  for (const { key, value } of fieldsOf(text)) {
    if (key !== 'from' || value === undefined) continue;
    if (/\$./.test(value)) refuse("'from' doesn't support variable expansion, define alias stage instead");
    from = value;
  }
  return from;
}

/** Reads the value of `--mount`, with variables replaced. Throws `invalid` with Docker's sentences. */
export function resolveMount(text: string, variables: Variables, escapeChar: string): Mount {
  const draft: Draft = {
    type: 'bind',
    from: undefined,
    source: undefined,
    target: undefined,
    readonly: false,
    id: undefined,
    sharing: undefined,
    required: false,
    size: undefined,
    mode: undefined,
    uid: undefined,
    gid: undefined,
    env: undefined,
    readonlySaid: false,
  };
  for (const { field, key, value } of fieldsOf(text)) {
    if (value === undefined) setBare(draft, key, field);
    else setValue(draft, key, expandWord(value, variables, { escape: escapeChar }).text, field);
  }
  return checked(draft);
}

function fieldsOf(text: string): { field: string; key: string; value: string | undefined }[] {
  const fields = splitCsv(text);
  if (typeof fields === 'string') refuse(`failed to parse csv mounts: ${fields}`);
  return fields.map((field) => {
    const equals = field.indexOf('=');
    if (equals === -1) return { field, key: field.toLowerCase(), value: undefined };
    return { field, key: field.slice(0, equals).toLowerCase(), value: field.slice(equals + 1) };
  });
}

function setBare(draft: Draft, key: string, field: string): void {
  if (key === 'readonly' || key === 'ro') setReadonly(draft, true);
  else if (key === 'readwrite' || key === 'rw') setReadonly(draft, false);
  else if (key === 'required') {
    needType(draft, key, 'secret', 'ssh');
    draft.required = true;
  } else refuse(`invalid field '${field}' must be a key=value pair`);
}

function setValue(draft: Draft, key: string, value: string, field: string): void {
  switch (key) {
    case 'type':
      draft.type = choice(value, TYPES, `unsupported mount type ${JSON.stringify(value)}`);
      return;
    case 'from':
      draft.from = value || undefined;
      return;
    case 'source':
    case 'src':
      draft.source = value || undefined;
      return;
    case 'target':
    case 'dst':
    case 'destination':
      draft.target = value || undefined;
      return;
    case 'readonly':
    case 'ro':
      setReadonly(draft, parseBool(key, value));
      return;
    case 'readwrite':
    case 'rw':
      setReadonly(draft, !parseBool(key, value));
      return;
    case 'sharing':
      draft.sharing = choice(value, SHARING, `unsupported sharing value ${JSON.stringify(value)}`);
      return;
    case 'id':
      draft.id = value || undefined;
      return;
    default:
      setTyped(draft, key, value, field);
  }
}

/** Keys that only some types have, and numbers. */
function setTyped(draft: Draft, key: string, value: string, field: string): void {
  switch (key) {
    case 'required':
      needType(draft, key, 'secret', 'ssh');
      draft.required = parseBool(key, value);
      return;
    case 'size':
      needType(draft, key, 'tmpfs');
      draft.size = parseSize(value) ?? refuse(`invalid value for ${key}: ${value}`);
      return;
    case 'env':
      needType(draft, key, 'secret');
      draft.env = value || undefined;
      return;
    case 'mode':
      draft.mode = /^[0-7]{1,11}$/.test(value) ? Number.parseInt(value, 8) : refuse(`invalid value ${value} for mode`);
      return;
    case 'uid':
    case 'gid': {
      const id = /^\d+$/.test(value) ? Number(value) : Number.NaN;
      draft[key] = id <= LARGEST_ID ? id : refuse(`invalid value ${value} for ${key}`);
      return;
    }
    default:
      refuse(`unexpected key '${key}' in '${field}'${suggestion(key, KEYS, true)}`);
  }
}

/** What only the whole mount tells. */
function checked({ readonlySaid, ...mount }: Draft): Mount {
  const { type } = mount;
  if (type === 'bind' || type === 'tmpfs') {
    for (const key of ['mode', 'uid', 'gid'] as const) {
      if (mount[key] !== undefined) refuse(`${key} not allowed for "${type}" type mounts`);
    }
  }
  if (!readonlySaid) mount.readonly = type !== 'cache' && type !== 'tmpfs';
  if (type === 'secret') {
    if (mount.from !== undefined) refuse('secret mount should not have a from');
    if (mount.sharing !== undefined) refuse('secret mount should not define sharing');
    if (mount.source === undefined && mount.target === undefined && mount.id === undefined) {
      refuse('invalid secret mount. one of source, target required');
    }
    if (mount.source !== undefined && mount.id !== undefined) refuse("both source and id can't be set");
  }
  if (mount.sharing !== undefined && type !== 'cache') refuse(`invalid cache sharing set for ${type} mount`);
  const needsTarget = type === 'bind' || type === 'cache' || type === 'tmpfs';
  if (needsTarget && mount.target === undefined) refuse(`${type} mount requires a target`);
  return mount;
}

function setReadonly(draft: Draft, readonly: boolean): void {
  draft.readonly = readonly;
  draft.readonlySaid = true;
}

function needType(draft: Draft, key: string, ...types: Mount['type'][]): void {
  if (!types.includes(draft.type)) refuse(`unexpected key '${key}' for mount type '${draft.type}'`);
}

function choice<T extends string>(value: string, allowed: readonly T[], sentence: string): T {
  const known = allowed.find((candidate) => candidate === value.toLowerCase());
  return known ?? refuse(`${sentence}${suggestion(value, allowed, true)}`);
}

function parseBool(key: string, value: string): boolean {
  return readBoolean(value) ?? refuse(`invalid value for ${key}: ${value}`);
}

function refuse(message: string): never {
  throw new BerthError('invalid', message);
}
