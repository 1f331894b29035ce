/**
 * The one error class of Berth. `code` is stable and is the only thing that programs compare; status and exit code
 * derive from it at the edge (`httpStatusOf`, the client's exit code table).
 */
export class BerthError extends Error {
  readonly code: ErrorCode;
  /** What to do next, in a sentence; shown below the message. */
  readonly hint: string | undefined;
  /** Facts for programs and logs; never secrets. */
  readonly details: Readonly<Record<string, unknown>> | undefined;

  constructor(code: ErrorCode, message: string, options: BerthErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'BerthError';
    this.code = code;
    this.hint = options.hint;
    this.details = options.details;
  }
}

export interface BerthErrorOptions {
  hint?: string;
  details?: Readonly<Record<string, unknown>>;
  cause?: unknown;
}

/** Error classes, chosen where the problem is understood. */
export type ErrorCode =
  | 'invalid' // the request cannot be right, whatever the state: 400
  | 'unauthorized' // credentials are missing or wrong: 401
  | 'forbidden' // understood, and never allowed for this caller or object: 403
  | 'not-found' // 404
  | 'not-modified' // already in the wanted state: 304
  | 'conflict' // right in itself, wrong in the present state: 409
  | 'not-supported' // Docker has it, this engine or host does not: 501
  | 'unavailable' // something that is needed does not answer now: 503
  | 'canceled' // the caller went away or asked to stop: 499
  | 'internal'; // our own fault: 500

const STATUS: Record<ErrorCode, number> = {
  invalid: 400,
  unauthorized: 401,
  forbidden: 403,
  'not-found': 404,
  'not-modified': 304,
  conflict: 409,
  'not-supported': 501,
  unavailable: 503,
  canceled: 499,
  internal: 500,
};

/** The HTTP status of any thrown value; what is not a BerthError is our own fault. */
export function httpStatusOf(error: unknown): number {
  return error instanceof BerthError ? STATUS[error.code] : 500;
}

/** True when `error` is a BerthError of this code. */
export function isBerthError(error: unknown, code: ErrorCode): error is BerthError {
  return error instanceof BerthError && error.code === code;
}

/** The sentence for people: message, then hint on a line of its own. */
export function describeError(error: unknown): string {
  if (error instanceof BerthError) return error.hint === undefined ? error.message : `${error.message}\n${error.hint}`;
  return error instanceof Error ? error.message : String(error);
}

/** The errno name (`ENOENT`, …) of a Node or kernel error, or undefined. */
export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
