import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { BerthError, errnoOf } from '@berth/kit';

const run = promisify(execFile);

/** A certificate with its key, as PEM files. */
export interface CertificateFiles {
  certificate: string;
  key: string;
}

export interface CertificateWish {
  /** What it says it is for; at most 64 characters count. */
  name: string;
  /** Names and addresses of a server. */
  hosts: readonly string[];
  days: number;
  role: 'authority' | 'server' | 'client';
}

/** X.509 extensions by role: what a certificate may be used for, and for nothing else. */
const EXTENSIONS: Record<CertificateWish['role'], readonly string[]> = {
  authority: ['basicConstraints = critical, CA:TRUE, pathlen:0', 'keyUsage = critical, keyCertSign, cRLSign'],
  server: [
    'basicConstraints = critical, CA:FALSE',
    'keyUsage = critical, digitalSignature',
    'extendedKeyUsage = serverAuth',
  ],
  client: [
    'basicConstraints = critical, CA:FALSE',
    'keyUsage = critical, digitalSignature',
    'extendedKeyUsage = clientAuth',
  ],
};

/**
 * Makes an ECDSA key (P-256) and its certificate, signed by `authority`, or by itself without one. `directory` is
 * private to the caller and takes the settings for openssl. Errors: unavailable, with openssl's words.
 */
export async function makeCertificate(
  wish: CertificateWish,
  files: CertificateFiles,
  directory: string,
  authority?: CertificateFiles,
): Promise<void> {
  const settings = join(directory, 'openssl.cnf');
  await writeFile(settings, settingsOf(wish));
  const signer = authority ? ['-CA', authority.certificate, '-CAkey', authority.key] : [];
  await openssl([
    ...['req', '-x509', '-new', '-sha256', '-config', settings, '-extensions', 'extensions'],
    ...['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-noenc'],
    ...['-days', String(wish.days), '-set_serial', `0x${serial()}`, ...signer],
    ...['-keyout', files.key, '-out', files.certificate],
  ]);
}

function settingsOf({ name, hosts, role }: CertificateWish): string {
  const names = hosts.map((host) => (isIP(host) > 0 ? `IP:${host}` : `DNS:${host}`));
  return [
    '[req]',
    'prompt = no',
    'distinguished_name = subject',
    '[subject]',
    `CN = ${name.slice(0, 64)}`,
    '[extensions]',
    ...EXTENSIONS[role],
    'subjectKeyIdentifier = hash',
    ...(role === 'authority' ? [] : ['authorityKeyIdentifier = keyid']),
    ...(names.length === 0 ? [] : [`subjectAltName = ${names.join(', ')}`]),
    '',
  ].join('\n');
}

/** A positive number that nobody guesses. */
function serial(): string {
  const bytes = randomBytes(16);
  bytes[0] = (bytes[0]! & 0x7f) | 0x01;
  return bytes.toString('hex');
}

async function openssl(args: string[]): Promise<void> {
  try {
    await run('openssl', args, { timeout: 60_000 });
  } catch (cause) {
    if (errnoOf(cause) === 'ENOENT')
      throw new BerthError('unavailable', 'certificates are made with the program openssl, which is not installed', {
        cause,
        hint: 'apt-get install openssl',
      });
    const stderr = cause instanceof Error && 'stderr' in cause ? String(cause.stderr).trim() : String(cause);
    throw new BerthError('unavailable', `openssl failed: ${stderr}`, { cause });
  }
}
