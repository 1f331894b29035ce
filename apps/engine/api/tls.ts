import { X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { createSecureContext, type TlsOptions } from 'node:tls';
import { BerthError } from '@berth/kit';

/** Which files secure the TCP addresses. */
export interface TlsFiles {
  tls: boolean;
  /** Clients need a certificate of `tlsCaCert`. */
  tlsVerify: boolean;
  tlsCaCert: string | undefined;
  tlsCert: string | undefined;
  tlsKey: string | undefined;
}

/**
 * Reads and checks the certificates; undefined without TLS.
 * Errors: invalid, naming the file: not there, no PEM, a key of another certificate, one that has run out.
 */
export function readTls(files: TlsFiles): TlsOptions | undefined {
  if (!files.tls && !files.tlsVerify) return undefined;
  const cert = read(files.tlsCert, 'tlscert', 'the certificate of this engine');
  const key = read(files.tlsKey, 'tlskey', 'the key of this engine');
  const ca = files.tlsVerify ? read(files.tlsCaCert, 'tlscacert', 'the authority of the clients') : undefined;
  checkCertificate(cert.text, cert.path, 'tlscert');
  if (ca) checkCertificate(ca.text, ca.path, 'tlscacert');
  const options = { cert: cert.text, key: key.text, ...(ca ? { ca: ca.text } : {}), minVersion: 'TLSv1.2' } as const;
  try {
    createSecureContext(options);
  } catch (cause) {
    throw new BerthError(
      'invalid',
      `--tlskey: ${key.path} is not the key of ${cert.path} (${cause instanceof Error ? cause.message : cause})`,
      { cause },
    );
  }
  return { ...options, requestCert: files.tlsVerify, rejectUnauthorized: files.tlsVerify };
}

/** True when others than its owner may read the key. */
export function isOpenToOthers(path: string | undefined): boolean {
  const mode = path === undefined ? undefined : statSync(path, { throwIfNoEntry: false })?.mode;
  return mode !== undefined && (mode & 0o044) !== 0;
}

function read(path: string | undefined, flag: string, what: string): { path: string; text: string } {
  if (path === undefined)
    throw new BerthError('invalid', `TLS needs ${what}: name its PEM file with --${flag}`, { hint: HINT });
  try {
    return { path, text: readFileSync(path, 'utf8') };
  } catch (cause) {
    throw new BerthError('invalid', `--${flag}: cannot read ${what}: ${cause instanceof Error ? cause.message : ''}`, {
      cause,
      hint: HINT,
    });
  }
}

const HINT = '`berth daemon tls init` makes an authority, a certificate of the engine and one of a client.';

function checkCertificate(text: string, path: string, flag: string): void {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(text);
  } catch (cause) {
    throw new BerthError('invalid', `--${flag}: ${path} holds no certificate in PEM form`, { cause });
  }
  if (certificate.validToDate.getTime() < Date.now())
    throw new BerthError('invalid', `--${flag}: the certificate in ${path} was valid until ${certificate.validTo}`);
}
