/**
 * Builds beyond what `POST /build` of Docker can say. A client of ours opens a session first, with a body, so that nothing
 * of it is in a URL or a log, and names it: `POST /build?session=ID`. Everything in it may be absent.
 */
export interface BuildSessionBody {
  /** Id of a context that was given by `POST /berth/v1/build/context`: takes the place of the body of `POST /build`. */
  context?: string;
  /** Text of a Dockerfile that is not in the context. */
  dockerfile?: string;
  /** `--build-context NAME=…`: `context:ID` (given as above), `docker-image://REF`, a Git or HTTP(S) address. */
  namedContexts?: Record<string, string>;
  /** Id → content in base64. */
  secrets?: Record<string, string>;
  /** Ids of SSH agents that the client joins by `POST /berth/v1/build/sessions/ID/ssh`. */
  ssh?: string[];
  /** Names of stages that are to be built anew. */
  noCacheFilter?: string[];
  /**
   * Attributes of each `--cache-to` and `--cache-from`: `{type: 'registry', ref: …}`. Of `type=local` the files travel apart: `{type:
   * 'local', src: …, context: ID}` with a context of them, and BUILD_CACHE_ID in the answer.
   */
  cacheTo?: Record<string, string>[];
  cacheFrom?: Record<string, string>[];
  /** `--allow`: entitlements such as `network.host`, `security.insecure`. */
  allow?: string[];
  /** True: `BuildProgress` and `BuildExplanation` come as `aux` of messages (see there) beside the classic stream. */
  progress?: boolean;
  /** True: the result stays out of the list of images; the answer's `moby.image.id` names it for the export. */
  untagged?: boolean;
}

/** Answer to `POST /berth/v1/build/sessions`. */
export interface BuildSessionAnswer {
  id: string;
}

/**
 * A line of the body of `POST /berth/v1/build/context`: one file of the context. Paths are relative with `/` and come in
 * the order of their bytes, parents first.
 */
export interface ContextLine {
  path: string;
  type: 'file' | 'directory' | 'symlink';
  /** Permission bits with setuid, setgid and sticky. */
  mode: number;
  /** Seconds since the epoch, with fraction. */
  mtime: number;
  /** Of files. */
  size?: number;
  /** SHA-256 of a file's content, hexadecimal. */
  sha256?: string;
  /** Target of a symbolic link. */
  link?: string;
}

/** Answer to the listing: what the engine has not got. The client sends a tar whose names are these digests. */
export interface ContextAnswer {
  id: string;
  missing: string[];
}

/** `id` of a message whose `aux` is a BuildProgress. */
export const BUILD_PROGRESS_ID = 'berth.build.progress';
/** `id` of a message whose `aux` is a BuildExplanation. */
export const BUILD_EXPLAIN_ID = 'berth.build.explain';

/** `id` of a message whose `aux` is a BuildCacheExport: one for each `--cache-to type=local`, in their order. */
export const BUILD_CACHE_ID = 'berth.build.cache';

/** A cache that is ready for the client: `GET /berth/v1/build/caches/CACHE` gives it once. */
export interface BuildCacheExport {
  /** '' where it failed and the error was to be ignored. */
  cache: string;
}

/** What happened since the last one, in the shape of BuildKit's SolveStatus, which `--progress=rawjson` prints. */
export interface BuildProgress {
  vertexes?: BuildVertex[];
  logs?: BuildLog[];
  statuses?: BuildStatus[];
  warnings?: BuildWarning[];
}

/** A step; sent again when something of it changes. */
export interface BuildVertex {
  /** Names the step in this build. */
  digest: string;
  /** `[builder 2/4] RUN make`, `[internal] load build context`, `exporting to image`. */
  name: string;
  /** Digests of the steps that it waits for. */
  inputs?: string[];
  /** RFC 3339. */
  started?: string;
  completed?: string;
  cached?: boolean;
  error?: string;
}

export interface BuildLog {
  vertex: string;
  /** 1 is stdout, 2 is stderr. */
  stream: 1 | 2;
  /** Bytes in base64. */
  data: string;
  timestamp: string;
}

/** Progress inside a step: a pull's layer, bytes of a context. */
export interface BuildStatus {
  id: string;
  vertex: string;
  name?: string;
  current: number;
  total?: number;
  timestamp: string;
  started?: string;
  completed?: string;
}

export interface BuildWarning {
  vertex?: string;
  level?: number;
  /** In base64. */
  short: string;
  /** In base64. */
  detail?: string[];
  url?: string;
  range?: { start: { line: number; character: number }; end: { line: number; character: number } }[];
}

/** Why a step was taken from the cache or not. */
export interface BuildExplanation {
  /** Position in the Dockerfile's build: `2/4`, with the stage's name before it where there are several. */
  step: string;
  instruction: string;
  /** Line in the Dockerfile, from 1. */
  line: number;
  cached: boolean;
  /** The first input that differed, as a sentence's rest: `file app/x.js changed`; what was the same for a hit. */
  reason: string;
}
