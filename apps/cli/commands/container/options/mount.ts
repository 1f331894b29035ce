import { resolve } from 'node:path';
import type { MountWish } from '@berth/contract';
import { convertScalar } from '../../../flags/convert.ts';
import { parseSize } from '../../../flags/size.ts';
import { splitCsv } from './csv.ts';
import { splitPair } from './environment.ts';

/** `type=bind,src=/a,dst=/b,readonly`; throws pflag's reason. */
export function readMount(text: string): MountWish {
  const mount: MountWish = { Type: 'volume', Target: '' };
  for (const field of splitCsv(text)) takeField(mount, field);
  check(mount);
  return mount;
}

function takeField(mount: MountWish, field: string): void {
  const equals = field.indexOf('=');
  const key = (equals < 0 ? field : field.slice(0, equals)).toLowerCase();
  const value = equals < 0 ? undefined : field.slice(equals + 1);
  if (value === undefined && !['readonly', 'ro', 'volume-nocopy', 'bind-nonrecursive'].includes(key))
    throw new Error(`invalid field '${field}' must be a key=value pair`);
  const set = FIELDS[key];
  if (!set) throw new Error(`unexpected key '${key}' in '${field}'`);
  set(mount, value ?? 'true', key);
}

type Setter = (mount: MountWish, value: string, key: string) => void;

const source: Setter = (mount, value) => {
  mount.Source = value.startsWith('./') || value.startsWith('../') || value === '.' ? resolve(value) : value;
};
const target: Setter = (mount, value) => {
  mount.Target = value;
};
const readOnly: Setter = (mount, value, key) => {
  mount.ReadOnly = bool(value, key);
};

const FIELDS: Record<string, Setter> = {
  type(mount, value) {
    mount.Type = value.toLowerCase() as MountWish['Type'];
  },
  source,
  src: source,
  target,
  dst: target,
  destination: target,
  readonly: readOnly,
  ro: readOnly,
  consistency(mount, value) {
    mount.Consistency = value.toLowerCase();
  },
  'bind-propagation'(mount, value) {
    bind(mount).Propagation = value.toLowerCase();
  },
  'bind-nonrecursive'(mount, value, key) {
    bind(mount).NonRecursive = bool(value, key);
  },
  'bind-recursive'(mount, value, key) {
    if (value === 'enabled') bind(mount);
    else if (value === 'disabled') bind(mount).NonRecursive = true;
    else if (value === 'writable') bind(mount).ReadOnlyNonRecursive = true;
    else if (value === 'readonly') bind(mount).ReadOnlyForceRecursive = true;
    else
      throw new Error(`invalid value for ${key}: ${value} (must be "enabled", "disabled", "writable", or "readonly")`);
  },
  'volume-subpath'(mount, value) {
    volume(mount).Subpath = value;
  },
  'volume-nocopy'(mount, value, key) {
    volume(mount).NoCopy = bool(value, key);
  },
  'volume-label'(mount, value) {
    const [name, text] = splitPair(value);
    volume(mount).Labels = { ...volume(mount).Labels, [name]: text };
  },
  'volume-driver'(mount, value) {
    driver(mount).Name = value;
  },
  'volume-opt'(mount, value) {
    const [name, text] = splitPair(value);
    driver(mount).Options = { ...driver(mount).Options, [name]: text };
  },
  'image-subpath'(mount, value) {
    mount.ImageOptions = { ...mount.ImageOptions, Subpath: value };
  },
  'tmpfs-size'(mount, value, key) {
    try {
      tmpfs(mount).SizeBytes = parseSize(value);
    } catch {
      throw new Error(`invalid value for ${key}: ${value}`);
    }
  },
  'tmpfs-mode'(mount, value, key) {
    if (!/^[0-7]+$/.test(value)) throw new Error(`invalid value for ${key}: ${value}`);
    tmpfs(mount).Mode = Number.parseInt(value, 8);
  },
};

const bind = (mount: MountWish) => (mount.BindOptions ??= {});
const volume = (mount: MountWish) => (mount.VolumeOptions ??= {});
const driver = (mount: MountWish) => (volume(mount).DriverConfig ??= {});
const tmpfs = (mount: MountWish) => (mount.TmpfsOptions ??= {});

function bool(value: string, key: string): boolean {
  try {
    return convertScalar('bool', value) === true;
  } catch {
    throw new Error(`invalid value for ${key}: ${value}`);
  }
}

function check(mount: MountWish): void {
  const { Type: type, BindOptions: options } = mount;
  if ((type as string) === '') throw new Error('type is required');
  if (mount.Target === '') throw new Error('target is required');
  const foreign: [string, MountWish['Type'], unknown][] = [
    ['volume', 'volume', mount.VolumeOptions],
    ['image', 'image', mount.ImageOptions],
    ['bind', 'bind', options],
    ['tmpfs', 'tmpfs', mount.TmpfsOptions],
  ];
  for (const [prefix, owner, given] of foreign)
    if (given && type !== owner) throw new Error(`cannot mix '${prefix}-*' options with mount type '${type}'`);
  const needs = (value: string, what: string) =>
    new Error(`option 'bind-recursive=${value}' requires '${what}' to be specified in conjunction`);
  if (options?.ReadOnlyNonRecursive && !mount.ReadOnly) throw needs('writable', 'readonly');
  if (!options?.ReadOnlyForceRecursive) return;
  if (!mount.ReadOnly) throw needs('readonly', 'readonly');
  if (options.Propagation !== 'rprivate') throw needs('readonly', 'bind-propagation=rprivate');
}
