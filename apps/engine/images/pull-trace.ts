import type { PullExplainedLayer, PullExplainedSource, PullExplainedWait, PullExplanation } from '@berth/contract';
import type { Descriptor, Wait } from '@berth/oci';

/** What happens in one pull, for `pull --explain`. Always kept: it costs nothing beside a download. */
export interface PullTrace {
  /** Begins with a place; gives what notes why it did not give the image. */
  source(source: Pick<PullExplainedSource, 'kind' | 'name'>): (error: unknown) => void;
  wait(wait: Wait): void;
  /** The image that is pulled now; its layers and stages begin anew. */
  image(reference: string): void;
  digest(digest: string): void;
  /** Ends a stage: all time since the one before is its. */
  stage(name: 'resolve' | 'layers' | 'register'): void;
  /** What is noted of a layer; the same for the same layer. */
  layer(descriptor: Descriptor): PullExplainedLayer;
  explanation(): PullExplanation;
}

/** `now` in milliseconds. */
export function createPullTrace(now: () => number = () => performance.now()): PullTrace {
  const sources: PullExplainedSource[] = [];
  let began = now();
  let before = began;
  let current = fresh('');
  return {
    source: ({ kind, name }) => {
      const entry: PullExplainedSource = { kind, name };
      sources.push(entry);
      return (error) => {
        entry.error = error instanceof Error ? error.message : String(error);
      };
    },
    wait: ({ url, at, milliseconds, reason }) => {
      const digest = /\/blobs\/(sha256:[0-9a-f]{64})$/.exec(at)?.[1];
      const wait: PullExplainedWait = { host: url.host, reason, milliseconds: Math.round(milliseconds) };
      current.waits.push(digest === undefined ? wait : { digest, ...wait });
      const layer = digest === undefined ? undefined : current.layers.get(digest);
      if (layer !== undefined) layer.retries++;
    },
    image: (reference) => {
      current = fresh(reference);
      began = now();
      before = began;
    },
    digest: (digest) => {
      current.digest = digest;
    },
    stage: (name) => {
      const at = now();
      current.times[name] += at - before;
      before = at;
    },
    layer: ({ digest, size }) => {
      const layer = current.layers.get(digest) ?? freshLayer(digest, size);
      current.layers.set(digest, layer);
      return layer;
    },
    explanation: () => {
      const { reference, digest, times, layers, waits } = current;
      return {
        reference,
        ...(digest === undefined ? {} : { digest }),
        sources,
        times: rounded({ ...times, total: now() - began }),
        layers: [...layers.values()].map((layer) => ({ ...layer, times: rounded(layer.times) })),
        waits,
      };
    },
  };
}

function fresh(reference: string) {
  return {
    reference,
    digest: undefined as string | undefined,
    times: { resolve: 0, layers: 0, register: 0 },
    layers: new Map<string, PullExplainedLayer>(),
    waits: [] as PullExplainedWait[],
  };
}

function freshLayer(digest: string, size: number): PullExplainedLayer {
  const times = { queued: 0, download: 0, verify: 0, unpack: 0 };
  return { digest, size, result: 'exists', received: 0, kept: 0, retries: 0, times };
}

/** Tenths of milliseconds are noise. */
function rounded<T extends Record<string, number>>(times: T): T {
  return Object.fromEntries(Object.entries(times).map(([name, time]) => [name, Math.max(0, Math.round(time))])) as T;
}
