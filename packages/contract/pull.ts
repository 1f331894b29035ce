/** `id` of a message of a pull whose `aux` is a PullExplanation; only with `explain=1`, so that stock clients never see one. */
export const PULL_EXPLAIN_ID = 'berth.pull.explain';

/** Where an image came from and what took how long. Times in milliseconds. */
export interface PullExplanation {
  /** In familiar form: `busybox:latest`. */
  reference: string;
  /** What the name means in the registry; undefined when that was not found out. */
  digest?: string;
  /** Places that were asked, in order; the last is the one that the image came from, unless it has an error. */
  sources: PullExplainedSource[];
  /** Whole stages of the pull; those of layers overlap in `layers`. */
  times: { resolve: number; layers: number; register: number; total: number };
  /** From the bottom to the top. Empty when the image was here. */
  layers: PullExplainedLayer[];
  /** Pauses before something was tried again. */
  waits: PullExplainedWait[];
}

export interface PullExplainedSource {
  kind: 'registry' | 'mirror';
  /** URL of a mirror; the registry's host. */
  name: string;
  /** Why it did not give the image. */
  error?: string;
}

export interface PullExplainedLayer {
  digest: string;
  /** Bytes of the archive. */
  size: number;
  /** `shared`: another pull brought it meanwhile. `unpacked`: its archive was here. */
  result: 'downloaded' | 'resumed' | 'exists' | 'shared' | 'unpacked' | 'failed';
  /** Origin that the bytes came from after redirects; undefined when none came. */
  from?: string;
  /** Bytes that came over the network for it, also those that came twice. */
  received: number;
  /** Bytes that an earlier pull had left. */
  kept: number;
  /** Times that something was tried again. */
  retries: number;
  times: {
    /** For a place among the downloads. */
    queued: number;
    /** For bytes of the network, pauses before retries included. */
    download: number;
    /** Hashing and storing the archive. */
    verify: number;
    /** Inflating and writing files, as far as it did not happen while something else was waited for. */
    unpack: number;
  };
}

export interface PullExplainedWait {
  /** Digest of the layer; undefined for manifests and other requests. */
  digest?: string;
  host: string;
  /** `429 Too Many Requests`, `connection lost`. */
  reason: string;
  milliseconds: number;
}
