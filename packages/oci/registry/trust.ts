import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls';
import { BerthError, errnoOf } from '@berth/kit';

/** Where Docker and Berth keep certificates per registry host: `DIR/HOST[:PORT]/*.crt`, `*.cert` with `*.key`. */
export const CERTIFICATE_DIRECTORIES: readonly string[] = ['/etc/berth/certs.d', '/etc/docker/certs.d'];

/** What a host has of its own. */
interface HostFiles {
  directory: string;
  names: string[];
  /** Changes when a file does. */
  version: string;
}

/**
 * TLS settings for hosts: the system's authorities, and what the first directory that knows the host adds to them. Client
 * certificates go to their own host only. `key` is empty for the settings that most hosts share, and changes with files.
 */
export function createTrust(directories: readonly string[]): (host: string) => { key: string; context: SecureContext } {
  let shared: SecureContext | undefined;
  const hosts = new Map<string, { version: string; context: SecureContext }>();
  return (host) => {
    const files = findFiles(host, directories);
    if (files === undefined) {
      shared ??= createSecureContext({ ca: systemAuthorities() });
      return { key: '', context: shared };
    }
    let known = hosts.get(host);
    if (known?.version !== files.version) {
      known = { version: files.version, context: contextOf(host, files) };
      hosts.set(host, known);
    }
    return { key: `${host} ${files.version}`, context: known.context };
  };
}

/** The system's authorities; Node's own list where the system has none. */
function systemAuthorities(): string[] {
  const system = getCACertificates('system');
  const base = system.length > 0 ? system : getCACertificates('bundled');
  return [...new Set([...base, ...getCACertificates('extra')])];
}

function contextOf(host: string, files: HostFiles): SecureContext {
  const { authorities, certificates, keys } = readFiles(files);
  try {
    return createSecureContext({
      ca: [...systemAuthorities(), ...authorities],
      ...(certificates.length > 0 ? { cert: certificates, key: keys } : {}),
    });
  } catch (cause) {
    throw new BerthError('invalid', `the certificates of ${files.directory} for registry ${host} cannot be used`, {
      cause,
    });
  }
}

function findFiles(host: string, directories: readonly string[]): HostFiles | undefined {
  // A host is a file name here, so it must be one.
  if (!/^[A-Za-z0-9.:[\]-]+$/.test(host) || host.startsWith('.')) return undefined;
  for (const parent of directories) {
    const directory = join(parent, host);
    try {
      const names = readdirSync(directory).sort();
      return { directory, names, version: names.map((name) => statSync(join(directory, name)).mtimeMs).join(' ') };
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT' && errnoOf(error) !== 'ENOTDIR') throw error;
    }
  }
  return undefined;
}

/** Everything in PEM; certificates and keys in step. */
function readFiles({ directory, names }: HostFiles) {
  const read = (name: string) => readFileSync(join(directory, name), 'utf8');
  const clients = names.filter((name) => name.endsWith('.cert'));
  const keyOf = (name: string) => `${name.slice(0, -'.cert'.length)}.key`;
  const bare = clients.find((name) => !names.includes(keyOf(name)));
  if (bare !== undefined) {
    throw new BerthError(
      'invalid',
      `missing key ${keyOf(bare)} for client certificate ${bare}. CA certificates must use the extension .crt`,
    );
  }
  return {
    authorities: names.filter((name) => name.endsWith('.crt')).map(read),
    certificates: clients.map(read),
    keys: clients.map((name) => read(keyOf(name))),
  };
}
