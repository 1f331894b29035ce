/** What somebody may do with a repository. `pull` is reading in every form: manifests, blobs, tags, referrers. */
export type Action = 'pull' | 'push' | 'delete';

/** All of them, in the order in which tokens name them. */
export const ACTIONS: readonly Action[] = ['pull', 'push', 'delete'];

/** Something that a request needs: a right on a repository, or to see the list of repositories. */
export type Need = { repository: string; action: Action } | 'catalog';

/** Who sent a request, as far as it was proven, and what that one may do. */
export interface Caller {
  /** Name of a user, or undefined for anybody. */
  readonly name: string | undefined;
  /** Whether this right is there. A token may give less than its user has. */
  may(need: Need): boolean;
  /** Whether a repository may be listed for this caller: whoever may pull it sees it. */
  sees(repository: string): boolean;
}

/** What a request looks like to access control. */
export interface Asking {
  /** Value of `Authorization`, undefined when there is none. */
  authorization: string | undefined;
  /** Scheme, host and port under which the client reached us, for the realm of a challenge: `https://host:5000`. */
  origin: string;
}

/** A request that is refused: an answer of the distribution specification. */
export interface Refusal {
  status: 401 | 403 | 429;
  code: 'UNAUTHORIZED' | 'DENIED' | 'TOOMANYREQUESTS';
  message: string;
  /** `WWW-Authenticate` or `Retry-After`. */
  headers: Readonly<Record<string, string>>;
}

/** Decides who is who and who may what. */
export interface AccessControl {
  /** Who sends this. Credentials that are wrong are refused, never taken for anybody's. */
  identify(asking: Asking): Promise<{ caller: Caller } | { refusal: Refusal }>;
  /** The answer to a caller who lacks something: 401 with a challenge where other credentials could help, else 403. */
  refuse(caller: Caller, needs: readonly Need[], asking: Asking): Refusal;
  /** Whether `/v2/` itself wants credentials: clients learn there how to log in. */
  readonly asksAtRoot: boolean;
  close(): Promise<void>;
}
