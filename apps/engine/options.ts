import { parseArgs } from 'node:util';
import { BerthError } from '@berth/kit';
import { DEFAULT_CONFIG, type EngineConfig } from './config.ts';

export const USAGE = `Usage:  berth daemon [OPTIONS]

The container engine, in the foreground

Options:
      --address-pool base=CIDR,size=N   Private range for networks (repeatable)
      --bip CIDR                        Subnet of the default bridge
      --bridge NAME                     Name of the default bridge's link (default "${DEFAULT_CONFIG.bridge}")
      --cgroup-parent PATH              Parent of all containers' control groups (default "${DEFAULT_CONFIG.cgroupParent}")
      --data-root DIR                   Persistent data (default "${DEFAULT_CONFIG.dataRoot}")
      --exec-root DIR                   Volatile data (default "${DEFAULT_CONFIG.execRoot}")
  -G, --group NAME                      Group of the unix socket (default "berth" where it exists)
  -H, --host ADDRESS                    Address to listen on, unix:// or loopback tcp:// (repeatable)
      --insecure-registry HOST          Registry reached without TLS, as host[:port] or CIDR (repeatable)
      --log-format text|json            Format of log lines (default "text")
      --log-level LEVEL                 debug, info, warn or error (default "info")
      --nft-table NAME                  Name of the nftables table (default "${DEFAULT_CONFIG.nftTable}")
      --no-mount-cgroups                Do not mount unused cgroup v2 controllers as v1 on hybrid hosts
      --runtime NAME                    OCI runtime; without it crun, else runc, whichever runs
`;

/** Reads the engine's command line. Errors: invalid, naming the option. */
export function parseOptions(args: string[]): EngineConfig | 'help' {
  const values = parse(args);
  if (values.help) return 'help';
  const config: EngineConfig = {
    ...DEFAULT_CONFIG,
    dataRoot: absolute('data-root', values['data-root'] ?? DEFAULT_CONFIG.dataRoot),
    execRoot: absolute('exec-root', values['exec-root'] ?? DEFAULT_CONFIG.execRoot),
    hosts: values.host ?? DEFAULT_CONFIG.hosts,
    socketGroup: values.group,
    bridge: linkName(values.bridge ?? DEFAULT_CONFIG.bridge),
    bridgeSubnet: values.bip,
    addressPools: values['address-pool']?.map(addressPool) ?? DEFAULT_CONFIG.addressPools,
    nftTable: identifier('nft-table', values['nft-table'] ?? DEFAULT_CONFIG.nftTable),
    cgroupParent: absolute('cgroup-parent', values['cgroup-parent'] ?? DEFAULT_CONFIG.cgroupParent),
    runtime: values.runtime,
    mountCgroups: !values['no-mount-cgroups'],
    insecureRegistries: values['insecure-registry'] ?? [],
    logLevel: oneOf('log-level', values['log-level'] ?? DEFAULT_CONFIG.logLevel, ['debug', 'info', 'warn', 'error']),
    logFormat: oneOf('log-format', values['log-format'] ?? DEFAULT_CONFIG.logFormat, ['text', 'json']),
  };
  if (values.host === undefined && values['exec-root'] !== undefined)
    config.hosts = [`unix://${config.execRoot}/berth.sock`];
  return config;
}

function parse(args: string[]) {
  const text = { type: 'string' } as const;
  const list = { type: 'string', multiple: true } as const;
  try {
    return parseArgs({
      args,
      strict: true,
      allowPositionals: false,
      options: {
        'address-pool': list,
        bip: text,
        bridge: text,
        'cgroup-parent': text,
        'data-root': text,
        'exec-root': text,
        group: { type: 'string', short: 'G' },
        help: { type: 'boolean', short: 'h' },
        host: { type: 'string', short: 'H', multiple: true },
        'insecure-registry': list,
        'log-format': text,
        'log-level': text,
        'nft-table': text,
        'no-mount-cgroups': { type: 'boolean' },
        runtime: text,
      },
    }).values;
  } catch (cause) {
    throw new BerthError('invalid', cause instanceof Error ? cause.message : String(cause), {
      cause,
      hint: "Run 'berth daemon --help' for the options.",
    });
  }
}

/** Paths become parts of mount options and of the monitor's arguments, which cannot quote these characters. */
function absolute(option: string, path: string): string {
  if (!path.startsWith('/') || /[:,\\\s]/.test(path) || path.split('/').includes('..')) {
    throw new BerthError(
      'invalid',
      `--${option}: "${path}" is not an absolute path without spaces, colons, commas and backslashes`,
    );
  }
  return path.length > 1 ? path.replace(/\/+$/, '') : path;
}

function linkName(name: string): string {
  if (!/^[a-zA-Z][\w.-]{0,14}$/.test(name))
    throw new BerthError('invalid', `--bridge: "${name}" is not a link name of at most 15 characters`);
  return name;
}

function identifier(option: string, name: string): string {
  if (!/^[a-zA-Z][a-zA-Z0-9_]{0,30}$/.test(name))
    throw new BerthError('invalid', `--${option}: "${name}" is not a name of letters, digits and underscores`);
  return name;
}

function oneOf<T extends string>(option: string, value: string, known: readonly T[]): T {
  const found = known.find((k) => k === value);
  if (found === undefined) throw new BerthError('invalid', `--${option}: "${value}" is not one of ${known.join(', ')}`);
  return found;
}

function addressPool(text: string): { base: string; size: number } {
  const fields = new Map(
    text.split(',').map((part) => [part.slice(0, part.indexOf('=')), part.slice(part.indexOf('=') + 1)]),
  );
  const base = fields.get('base');
  const size = Number(fields.get('size'));
  if (base === undefined || !Number.isInteger(size) || size < 8 || size > 30) {
    throw new BerthError('invalid', `--address-pool: "${text}" is not base=CIDR,size=PREFIX-LENGTH`);
  }
  return { base, size };
}
