/**
 * What a request ends with when it cannot be answered: one entry of the JSON body of the OCI distribution specification
 * ("Error Codes"), and the status that goes with it.
 */
export class RegistryError extends Error {
  readonly code: ErrorCode;
  readonly status: number;
  /** Facts for programs, as JSON; never secrets. */
  readonly detail: unknown;
  /** Of the answer: `WWW-Authenticate`, `Retry-After`, `Range`, … */
  readonly headers: Readonly<Record<string, string | string[]>>;
  /** Whoever made it has said in the log what it is about. */
  readonly isLogged: boolean;

  constructor(code: ErrorCode, message: string, options: RegistryErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'RegistryError';
    this.code = code;
    this.status = options.status ?? STATUS[code];
    this.detail = options.detail;
    this.headers = options.headers ?? {};
    this.isLogged = options.isLogged ?? false;
  }
}

export interface RegistryErrorOptions {
  /** Where it is not the code's own: 416 for a chunk out of order. */
  status?: number;
  detail?: unknown;
  headers?: Record<string, string | string[]>;
  cause?: unknown;
  isLogged?: boolean;
}

/** Codes of the specification; the last group is Docker's, whose clients know them. */
export type ErrorCode =
  | 'BLOB_UNKNOWN'
  | 'BLOB_UPLOAD_INVALID'
  | 'BLOB_UPLOAD_UNKNOWN'
  | 'DIGEST_INVALID'
  | 'MANIFEST_BLOB_UNKNOWN'
  | 'MANIFEST_INVALID'
  | 'MANIFEST_UNKNOWN'
  | 'NAME_INVALID'
  | 'NAME_UNKNOWN'
  | 'SIZE_INVALID'
  | 'UNAUTHORIZED'
  | 'DENIED'
  | 'UNSUPPORTED'
  | 'TOOMANYREQUESTS'
  | 'TAG_INVALID'
  | 'PAGINATION_NUMBER_INVALID'
  | 'UNAVAILABLE'
  | 'UNKNOWN';

const STATUS: Record<ErrorCode, number> = {
  BLOB_UNKNOWN: 404,
  BLOB_UPLOAD_INVALID: 400,
  BLOB_UPLOAD_UNKNOWN: 404,
  DIGEST_INVALID: 400,
  MANIFEST_BLOB_UNKNOWN: 404,
  MANIFEST_INVALID: 400,
  MANIFEST_UNKNOWN: 404,
  NAME_INVALID: 400,
  NAME_UNKNOWN: 404,
  SIZE_INVALID: 400,
  UNAUTHORIZED: 401,
  DENIED: 403,
  UNSUPPORTED: 405,
  TOOMANYREQUESTS: 429,
  TAG_INVALID: 400,
  PAGINATION_NUMBER_INVALID: 400,
  UNAVAILABLE: 503,
  UNKNOWN: 500,
};
