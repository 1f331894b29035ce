import { CliError } from '../cli-error.ts';

/** Refuses certificates and keys that could not work, in Docker's words. Throws CliError. */
export function checkTls(ca?: string | Uint8Array, cert?: string | Uint8Array, key?: string | Uint8Array): void {
  const { createPrivateKey, X509Certificate } = process.getBuiltinModule('node:crypto');
  const attempt = <T>(read: () => T, otherwise: string): T => {
    try {
      return read();
    } catch {
      throw new CliError(otherwise);
    }
  };
  const about = 'failed to retrieve context tls info:';
  if (ca) attempt(() => new X509Certificate(ca), `${about} ca.pem seems invalid`);
  if (!cert || !key) return;
  const secret = attempt(() => createPrivateKey(Buffer.from(key)), 'no valid private key found');
  const open = attempt(
    () => new X509Certificate(cert),
    `${about} tls: failed to find any PEM data in certificate input`,
  );
  if (!open.checkPrivateKey(secret)) throw new CliError(`${about} tls: private key does not match public key`);
}
