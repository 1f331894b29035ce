import type { Ulimit } from '@berth/contract';
import type { RegisteredRuntime } from '../../config.ts';
import { fieldsOf, type Kind, objectOf, Rejected, textOf } from './kind.ts';
import { isCidr } from './simple.ts';

const POOL =
  'a pool: base, a range in CIDR notation, and size, a prefix length from that of the base to 30 (IPv6: 120)';

/** base=CIDR,size=N as a flag; `[{"base": "10.0.0.0/8", "size": 24}]` in the file. */
export const addressPools: Kind<{ base: string; size: number }[]> = {
  type: 'list of {base, size}',
  placeholder: 'base=CIDR,size=N',
  many: true,
  fromFlag: (values) =>
    values.map((text) => {
      const fields = new Map(
        text.split(',').map((part) => [part.replace(/=.*/, ''), part.replace(/^[^=]*=?/, '')] as const),
      );
      const unknown = [...fields.keys()].find((name) => name !== 'base' && name !== 'size');
      if (unknown !== undefined) throw new Rejected(text, POOL);
      return pool(fields.get('base'), Number(fields.get('size')), text, '');
    }),
  fromFile: (value) => {
    if (!Array.isArray(value)) throw new Rejected(value, 'a list of pools');
    return value.map((item: unknown, index) => {
      const { base, size } = fieldsOf(item, ['base', 'size'], POOL, `[${index}]`);
      return pool(base, size, item, `[${index}]`);
    });
  },
};

function pool(base: unknown, size: unknown, found: unknown, at: string): { base: string; size: number } {
  if (typeof base !== 'string' || !isCidr(base)) throw new Rejected(found, POOL, at);
  const least = Math.max(8, Number(base.split('/')[1]));
  const most = base.includes(':') ? 120 : 30;
  if (typeof size !== 'number' || !Number.isInteger(size) || size < least || size > most)
    throw new Rejected(found, POOL, at);
  return { base, size };
}

/** Names of the kernel's limits, without RLIMIT_. */
const LIMITS = [
  ...['as', 'core', 'cpu', 'data', 'fsize', 'locks', 'memlock', 'msgqueue', 'nice', 'nofile', 'nproc', 'rss'],
  ...['rtprio', 'rttime', 'sigpending', 'stack'],
];
const ULIMIT = 'a limit of the kernel (nofile, nproc, …) with whole numbers, soft not above hard, -1 for unlimited';

/** NAME=SOFT[:HARD] as a flag; `{"nofile": {"Name": "nofile", "Soft": 1, "Hard": 2}}` in the file. */
export const ulimits: Kind<Ulimit[]> = {
  type: 'object of {Name, Soft, Hard}',
  placeholder: 'NAME=SOFT[:HARD]',
  many: true,
  fromFlag: (values) => {
    const limits = values.map((text) => {
      const [, name = '', soft = '', hard = soft] = /^([a-z]+)=(-?\d+)(?::(-?\d+))?$/.exec(text) ?? [];
      return ulimit(name, Number(soft), Number(hard), text, '');
    });
    return [...new Map(limits.map((limit) => [limit.Name, limit])).values()];
  },
  fromFile: (value) =>
    Object.entries(objectOf(value, 'an object: name of the limit to {Name, Soft, Hard}')).map(([key, item]) => {
      const fields = fieldsOf(item, ['Name', 'Soft', 'Hard'], ULIMIT, `.${key}`);
      const name = fields['Name'] ?? key;
      if (name !== key) throw new Rejected(name, `the name of its key, "${key}"`, `.${key}.Name`);
      return ulimit(key, fields['Soft'] ?? fields['Hard'], fields['Hard'] ?? fields['Soft'], item, `.${key}`);
    }),
};

function ulimit(name: string, soft: unknown, hard: unknown, found: unknown, at: string): Ulimit {
  const isNumber = (n: unknown): n is number => typeof n === 'number' && Number.isSafeInteger(n) && n >= -1;
  if (!LIMITS.includes(name) || !isNumber(soft) || !isNumber(hard)) throw new Rejected(found, ULIMIT, at);
  if (hard !== -1 && (soft === -1 || soft > hard)) throw new Rejected(found, ULIMIT, at);
  return { Name: name, Soft: soft, Hard: hard };
}

const RUNTIME = 'a runtime: path of the program, and runtimeArgs, a list of strings';
const RUNTIME_NAME = /^[a-zA-Z0-9][\w.-]{0,63}$/;

/** NAME=PATH as a flag; `{"name": {"path": "/p", "runtimeArgs": []}}` in the file. */
export const runtimes: Kind<Record<string, RegisteredRuntime>> = {
  type: 'object of {path, runtimeArgs}',
  placeholder: 'NAME=PATH',
  many: true,
  fromFlag: (values) =>
    Object.fromEntries(
      values.map((text) => {
        const [, name = '', path = ''] = /^([^=]+)=(.+)$/.exec(text) ?? [];
        if (!RUNTIME_NAME.test(name)) throw new Rejected(text, 'NAME=PATH');
        return [name, { path, runtimeArgs: [] }];
      }),
    ),
  fromFile: (value) =>
    Object.fromEntries(
      Object.entries(objectOf(value, 'an object: name to runtime')).map(([name, item]) => {
        if (!RUNTIME_NAME.test(name)) throw new Rejected(name, 'a name of letters, digits, ".", "_" and "-"');
        return [name, runtime(item, `.${name}`)];
      }),
    ),
};

function runtime(value: unknown, at: string): RegisteredRuntime {
  const fields = fieldsOf(value, ['path', 'runtimeArgs', 'runtimeType', 'options'], RUNTIME, at);
  for (const name of ['runtimeType', 'options'])
    if (fields[name] !== undefined)
      throw new Rejected(
        fields[name],
        `nothing: containerd's shims are not used, name the program's path`,
        `${at}.${name}`,
      );
  const args = fields['runtimeArgs'] ?? [];
  if (!Array.isArray(args)) throw new Rejected(args, 'a list of strings', `${at}.runtimeArgs`);
  const path = textOf(fields['path'], RUNTIME, `${at}.path`);
  if (path === '') throw new Rejected(path, RUNTIME, `${at}.path`);
  return {
    path,
    runtimeArgs: args.map((arg: unknown, index) => textOf(arg, 'a string', `${at}.runtimeArgs[${index}]`)),
  };
}
