import { readFileSync } from 'node:fs';
import { parseAddress } from '@berth/client';
import { describeError, errnoOf } from '@berth/kit';
import { CliError } from '../cli-error.ts';
import { checkTls } from './check-tls.ts';
import type { DockerEndpoint, TlsMaterial } from './store.ts';

/** Where an engine is, as a context keeps it. */
export interface StoredEndpoint {
  endpoint: DockerEndpoint;
  tls: TlsMaterial;
}

const KEYS = ['from', 'host', 'ca', 'cert', 'key', 'skip-tls-verify'];

const FILES = { ca: 'ca.pem', cert: 'cert.pem', key: 'key.pem' };

/**
 * The endpoint that `--docker host=…,ca=…` describes; `from` copies another context's and leaves the rest aside. Throws
 * CliError `unable to create docker endpoint config: …`.
 */
export function readDockerEndpoint(
  options: ReadonlyMap<string, string>,
  copyOf: (context: string) => StoredEndpoint,
): StoredEndpoint {
  try {
    for (const key of options.keys()) if (!KEYS.includes(key)) throw new CliError(`unrecognized config key: ${key}`);
    const from = options.get('from');
    if (from !== undefined) return copyOf(from);
    const tls = readFiles(options);
    const endpoint = { ...hostOf(options), SkipTLSVerify: readSkip(options.get('skip-tls-verify')) };
    checkEndpoint(endpoint.Host ?? '', tls);
    return { endpoint, tls };
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    throw new CliError(`unable to create docker endpoint config: ${error.message}`);
  }
}

function hostOf(options: ReadonlyMap<string, string>): { Host?: string } {
  const host = options.get('host');
  return host ? { Host: host } : {};
}

function readSkip(text: string | undefined): boolean {
  if (text === undefined || /^(0|f|F|FALSE|false|False|)$/.test(text)) return false;
  if (/^(1|t|T|TRUE|true|True)$/.test(text)) return true;
  throw new CliError(`skip-tls-verify: parsing ${JSON.stringify(text)}: invalid syntax`);
}

function readFiles(options: ReadonlyMap<string, string>): TlsMaterial {
  const tls: TlsMaterial = {};
  for (const [key, file] of Object.entries(FILES)) {
    const path = options.get(key);
    if (!path) continue;
    try {
      tls[file] = readFileSync(path);
    } catch (error) {
      const missing = errnoOf(error) === 'ENOENT';
      const why = missing ? 'no such file or directory' : describeError(error);
      throw new CliError(`open ${path}: ${why}`);
    }
  }
  return tls;
}

/** An address and certificates that could not work are refused when the context is made, not when it is used. */
function checkEndpoint(host: string, tls: TlsMaterial): void {
  if (host === '') return;
  try {
    // Here a scheme is needed: a bare name would be taken for tcp only behind -H.
    if (!host.includes('://')) throw new Error(`unable to parse docker host \`${host}\``);
    const address = parseAddress(host, undefined);
    if (address.kind === 'tcp') checkTls(tls['ca.pem'], tls['cert.pem'], tls['key.pem']);
  } catch (error) {
    if (error instanceof CliError) throw new CliError(`invalid docker endpoint options: ${error.message}`);
    const about = host.startsWith('ssh://') ? 'invalid' : 'unable to apply';
    throw new CliError(`${about} docker endpoint options: ${describeError(error)}`);
  }
}
