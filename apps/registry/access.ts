import type { IncomingMessage } from 'node:http';

/** Decides about every request before anything is looked up for it. */
export interface Access {
  /**
   * May what `message` says it comes from do this? Called once per request with what its URL and method need, and once
   * more with `pull` of the other repository when a blob is to be mounted from there (its refusal then only means
   * that the bytes have to be sent). Throws for what is no decision: RegistryError `UNAVAILABLE`.
   */
  decide(message: IncomingMessage, wish: Wish): Decision | Promise<Decision>;
}

export type Action = 'pull' | 'push' | 'delete';

/** `base` is `GET /v2/`, which clients use to find out how to log in. */
export type Wish =
  | { type: 'base' }
  | { type: 'catalog' }
  | { type: 'repository'; name: string; actions: readonly Action[] };

export type Decision = Allowed | Challenge | Denied;

export interface Allowed {
  kind: 'allow';
  /** Who it is, for logs and quotas; undefined for everyone. */
  identity?: string;
  /** Which repositories `_catalog` may name; absent: all. */
  mayList?: (repository: string) => boolean;
}

/** 401 with these `WWW-Authenticate` headers: credentials are missing or wrong. */
export interface Challenge {
  kind: 'challenge';
  challenges: readonly string[];
  message?: string;
}

/** 403: whoever it is may not. */
export interface Denied {
  kind: 'deny';
  message?: string;
}

/** Everyone may do everything. */
export const openAccess: Access = { decide: () => ({ kind: 'allow' }) };
