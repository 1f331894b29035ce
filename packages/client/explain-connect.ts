import type { Address } from './transport/transport.ts';

/** Names that both runtimes have for certificates that nobody vouches for. */
const UNTRUSTED = new Set([
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
]);

/** What a failed connection means, in Docker's words where it has some, and what to do about it. */
export function explainConnect(error: Error, address: Address): { message: string; hint?: string } {
  const code = 'code' in error ? String(error.code) : '';
  const secure = address.kind === 'tcp' && address.tls !== undefined;
  if (UNTRUSTED.has(code))
    return {
      message: 'tls: failed to verify certificate: x509: certificate signed by unknown authority',
      hint: 'The authority that is trusted is in ca.pem (--tlscacert, DOCKER_CERT_PATH).',
    };
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return { message: `tls: failed to verify certificate: x509: ${error.message}` };
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID')
    return { message: 'tls: failed to verify certificate: x509: certificate has expired or is not yet valid' };
  if (secure && /EPROTO/.test(`${code} ${error.message}`))
    return {
      message: 'http: server gave HTTP response to HTTPS client',
      hint: 'This port does not speak TLS: leave out --tls, --tlsverify, DOCKER_TLS and DOCKER_TLS_VERIFY.',
    };
  if (/^unexpected EOF/.test(error.message) && address.kind === 'tcp')
    return {
      message: error.message,
      hint: secure
        ? 'Perhaps it wants a certificate that is not given (--tlscert and --tlskey, DOCKER_CERT_PATH).'
        : 'If the engine wants TLS: --tlsverify, or DOCKER_TLS_VERIFY=1.',
    };
  return { message: error.message };
}
