import { STATUS_CODES } from 'node:http';
import { BerthError, type ErrorCode } from '@berth/kit';
import { isObject } from '../descriptor.ts';
import { readBounded } from './body.ts';
import { parseChallenges } from './challenge.ts';
import type { HttpResponse } from './transport.ts';

/** Facts of an error that a registry answered with; in `BerthError.details`. */
export interface RegistryErrorDetails {
  status: number;
  /** Code of the distribution specification, such as MANIFEST_UNKNOWN. */
  registryCode: string;
}

const BODY_LIMIT = 64 * 1024;
const MESSAGE_LIMIT = 1024;

/** What a registry means when its answer has no body (HEAD) or none that says so. */
const BY_STATUS: Record<number, { code: string; message: string }> = {
  401: { code: 'UNAUTHORIZED', message: 'authentication required' },
  403: { code: 'DENIED', message: 'requested access to the resource is denied' },
  429: { code: 'TOOMANYREQUESTS', message: 'too many requests' },
};

/**
 * The error that a registry's answer stands for, worded `code: message` as Docker's client library does. Reads the body.
 * `notFound` is the code that a 404 without a body means here.
 */
export async function registryError(response: HttpResponse, notFound: string): Promise<BerthError> {
  const [inBody] = await errorsOf(response);
  const said = inChallenge(response) ?? inBody ?? assumed(response.status, notFound);
  const details: RegistryErrorDetails & Record<string, unknown> = {
    status: response.status,
    registryCode: said?.code ?? 'UNKNOWN',
    url: `${response.url.origin}${response.url.pathname}`,
  };
  const code = codeOf(response.status, said?.code);
  if (said === undefined) {
    return new BerthError(
      code,
      `received unexpected HTTP status: ${response.status} ${STATUS_CODES[response.status] ?? ''}`.trim(),
      { details },
    );
  }
  const words = said.code.toLowerCase().replaceAll('_', ' ');
  return new BerthError(code, `${words}: ${said.message === '' ? words : said.message}`, { details });
}

/** The registry's code of an error of `registryError`, else undefined. */
export function registryCodeOf(error: unknown): string | undefined {
  const code = error instanceof BerthError ? error.details?.['registryCode'] : undefined;
  return typeof code === 'string' ? code : undefined;
}

/** What a bearer challenge says about the token that was sent (RFC 6750, 3.1); goes before the body, as in Docker. */
function inChallenge({ headers }: HttpResponse): { code: string; message: string } | undefined {
  const bearer = parseChallenges(headers['www-authenticate']).find(({ scheme }) => scheme === 'bearer');
  const status = { invalid_token: 401, insufficient_scope: 403 }[bearer?.parameters.get('error') ?? ''];
  const meant = status === undefined ? undefined : BY_STATUS[status];
  if (meant === undefined) return undefined;
  const description = printable(bearer?.parameters.get('error_description') ?? '');
  return { code: meant.code, message: description === '' ? meant.message : description };
}

async function errorsOf(response: HttpResponse): Promise<{ code: string; message: string }[]> {
  try {
    const body: unknown = JSON.parse((await readBounded(response.body, BODY_LIMIT, 'error')).toString('utf8'));
    const errors = isObject(body) ? body['errors'] : undefined;
    if (Array.isArray(errors)) return errors.filter(isObject).flatMap(oneError);
    // The token servers of some registries, and quay's older answers.
    const text = isObject(body) ? (body['details'] ?? body['message'] ?? body['error_description']) : undefined;
    const fallback = assumed(response.status, 'NOT_FOUND');
    return typeof text === 'string' && fallback !== undefined
      ? [{ code: fallback.code, message: printable(text) }]
      : [];
  } catch {
    // Too long, cut off or no JSON: the status still says what happened.
    return [];
  }
}

function oneError({ code, message }: Record<string, unknown>): { code: string; message: string }[] {
  if (typeof code !== 'string' || !/^[A-Za-z_]{1,64}$/.test(code)) return [];
  return [{ code: code.toUpperCase(), message: typeof message === 'string' ? printable(message) : '' }];
}

/** A registry's words reach terminals: no control characters, no novels. */
function printable(text: string): string {
  return text
    .slice(0, MESSAGE_LIMIT)
    .replace(/\p{C}+/gu, ' ')
    .trim();
}

function assumed(status: number, notFound: string): { code: string; message: string } | undefined {
  return status === 404 ? { code: notFound, message: notFound.toLowerCase().replaceAll('_', ' ') } : BY_STATUS[status];
}

function codeOf(status: number, registryCode: string | undefined): ErrorCode {
  if (status === 403 || registryCode === 'DENIED') return 'forbidden';
  if (status === 401) return 'unauthorized';
  if (status === 404) return 'not-found';
  if (status === 405 || registryCode === 'UNSUPPORTED') return 'not-supported';
  return status === 429 || status >= 500 ? 'unavailable' : 'invalid';
}
