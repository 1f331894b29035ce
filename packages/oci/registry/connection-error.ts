import { BerthError, errnoOf } from '@berth/kit';

/** The way out on machines without a registry in reach. */
const OFFLINE_HINT =
  'The registry cannot be reached, and nothing was put in the place of its image. On a machine that cannot reach a registry, "berth image starter hello-world busybox debian" makes small base images from Debian packages.';

/** The error for a host that could not be talked to, worded as Docker's: method, URL, cause; and what to do. */
export function connectionError(method: string, url: URL, cause: unknown): BerthError {
  const verb = method.charAt(0) + method.slice(1).toLowerCase();
  const { text, hint } = certificateProblem(url, cause) ?? protocolProblem(url, cause) ?? dialProblem(url, cause);
  return new BerthError('unavailable', `${verb} "${url.origin}${url.pathname}": ${text}`, {
    cause,
    hint,
    details: { host: url.host },
  });
}

interface Problem {
  text: string;
  hint: string;
}

const UNTRUSTED = new Set([
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
]);
const CERTIFICATE: Record<string, string> = {
  CERT_HAS_EXPIRED: 'certificate has expired or is not yet valid',
  CERT_NOT_YET_VALID: 'certificate has expired or is not yet valid',
  ERR_TLS_CERT_ALTNAME_INVALID: 'certificate is not valid for this name',
};

function certificateProblem(url: URL, cause: unknown): Problem | undefined {
  const code = errnoOf(cause) ?? '';
  const what = UNTRUSTED.has(code) ? 'certificate signed by unknown authority' : CERTIFICATE[code];
  if (what === undefined) return undefined;
  return {
    text: `tls: failed to verify certificate: x509: ${what}`,
    hint: `Put the registry's CA certificate at /etc/berth/certs.d/${url.host}/ca.crt, or declare the registry insecure.`,
  };
}

function protocolProblem(url: URL, cause: unknown): Problem | undefined {
  if (errnoOf(cause) !== 'EPROTO' || !/wrong version number|packet length too long/.test(messageOf(cause)))
    return undefined;
  return {
    text: 'http: server gave HTTP response to HTTPS client',
    hint: `If it is right that this registry has no TLS, start the engine with --insecure-registry ${url.host}.`,
  };
}

function dialProblem(url: URL, cause: unknown): Problem {
  // Several addresses were tried: the first failure is the one that says most.
  const error = cause instanceof AggregateError && cause.errors.length > 0 ? (cause.errors[0] as unknown) : cause;
  const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port;
  const address = addressOf(error) ?? `${url.hostname}:${port}`;
  const texts: Record<string, string> = {
    ENOTFOUND: `dial tcp: lookup ${url.hostname}: no such host`,
    EAI_AGAIN: `dial tcp: lookup ${url.hostname}: Temporary failure in name resolution`,
    ECONNREFUSED: `dial tcp ${address}: connect: connection refused`,
    EHOSTUNREACH: `dial tcp ${address}: connect: no route to host`,
    ENETUNREACH: `dial tcp ${address}: connect: network is unreachable`,
    ETIMEDOUT: `dial tcp ${address}: i/o timeout`,
    ERR_PROXY_TUNNEL: `proxyconnect tcp: ${messageOf(error)}`,
  };
  return { text: texts[errnoOf(error) ?? ''] ?? messageOf(error), hint: OFFLINE_HINT };
}

/** In one line: OpenSSL's end with a line break. */
function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replace(/\s+/g, ' ').trim();
}

function addressOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('address' in error) || !('port' in error)) return undefined;
  const host = String(error.address);
  return host.includes(':') ? `[${host}]:${error.port}` : `${host}:${error.port}`;
}
