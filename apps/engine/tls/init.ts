import { chmodSync, cpSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { hostname, networkInterfaces } from 'node:os';
import { dirname, join } from 'node:path';
import { BerthError, errnoOf } from '@berth/kit';
import { type CertificateFiles, makeCertificate } from './certificates.ts';

export interface TlsInitOptions {
  /** Absolute path; must not exist, or be empty. */
  directory: string;
  /** Names and addresses by which clients reach the engine; none: this machine's name and addresses. */
  hosts: readonly string[];
  days: number;
}

/** What was made. */
export interface TlsInitResult {
  directory: string;
  hosts: string[];
  validUntil: Date;
}

/**
 * Makes an authority, a certificate of the engine and one of a client, all or nothing:
 * `ca.pem ca-key.pem server-cert.pem server-key.pem client/{ca,cert,key}.pem`. The directory and keys are the owner's.
 * Errors: conflict (something is there already), invalid, unavailable.
 */
export async function initTls(options: TlsInitOptions): Promise<TlsInitResult> {
  const { directory, days } = options;
  refuseUsed(directory);
  const hosts = [...new Set([...(options.hosts.length > 0 ? options.hosts : ownHosts()), ...LOOPBACK])];
  mkdirSync(dirname(directory), { recursive: true, mode: 0o755 });
  const work = mkdtempSync(`${directory}.new-`); // 0700
  const umask = process.umask(0o077);
  try {
    await fill(work, hosts, days);
    renameSync(work, directory); // over an empty directory too; fails when somebody was quicker
  } catch (cause) {
    if (errnoOf(cause) === 'ENOTEMPTY') throw used(directory);
    throw cause;
  } finally {
    process.umask(umask);
    rmSync(work, { recursive: true, force: true });
  }
  return { directory, hosts, validUntil: new Date(Date.now() + days * 24 * 3600 * 1000) };
}

const LOOPBACK = ['localhost', '127.0.0.1', '::1'];

async function fill(directory: string, hosts: readonly string[], days: number): Promise<void> {
  const place = (certificate: string, key: string): CertificateFiles => ({
    certificate: join(directory, certificate),
    key: join(directory, key),
  });
  const scratch = mkdtempSync(join(directory, 'scratch-'));
  mkdirSync(join(directory, 'client'), { mode: 0o700 });
  const authority = place('ca.pem', 'ca-key.pem');
  const make = (
    wish: { name: string; hosts: readonly string[]; role: 'authority' | 'server' | 'client' },
    files: CertificateFiles,
  ) => makeCertificate({ ...wish, days }, files, scratch, wish.role === 'authority' ? undefined : authority);
  const name = hosts[0] ?? 'localhost';
  await make({ name: `Berth authority of ${name}`, hosts: [], role: 'authority' }, authority);
  await make({ name, hosts, role: 'server' }, place('server-cert.pem', 'server-key.pem'));
  await make({ name: `client of ${name}`, hosts: [], role: 'client' }, place('client/cert.pem', 'client/key.pem'));
  cpSync(authority.certificate, join(directory, 'client/ca.pem'));
  for (const key of ['ca-key.pem', 'server-key.pem', 'client/key.pem']) chmodSync(join(directory, key), 0o600);
  rmSync(scratch, { recursive: true });
}

function refuseUsed(directory: string): void {
  try {
    if (readdirSync(directory).length > 0) throw used(directory);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return;
    if (errnoOf(error) === 'ENOTDIR') throw new BerthError('invalid', `${directory} is not a directory`);
    throw error;
  }
}

function used(directory: string): BerthError {
  return new BerthError('conflict', `refusing to overwrite: ${directory} is not empty`, {
    hint: 'Name another directory with --dir, or move this one away. Clients with its certificates are locked out then.',
  });
}

/** By these others may reach this machine: its name and every address that is not only its own. */
function ownHosts(): string[] {
  const addresses = Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .filter(({ internal, address }) => !internal && !/^(fe80:|169\.254\.)/i.test(address))
    .map(({ address }) => address);
  return [hostname(), ...addresses];
}
