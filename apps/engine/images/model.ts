import type { Digest, Reference } from '@berth/oci';

/** The `config` member of an OCI image configuration, the fields that the engine reads. All optional, as in the wild. */
export interface ImageRunConfig {
  User?: string;
  ExposedPorts?: Record<string, object> | null;
  Env?: string[] | null;
  Entrypoint?: string[] | null;
  Cmd?: string[] | null;
  Volumes?: Record<string, object> | null;
  WorkingDir?: string;
  Labels?: Record<string, string> | null;
  StopSignal?: string;
  StopTimeout?: number;
  Shell?: string[] | null;
  OnBuild?: string[] | null;
  Healthcheck?: object | null;
  Hostname?: string;
  Domainname?: string;
}

/** OCI image configuration (image-spec config.md). */
export interface ImageConfig {
  architecture: string;
  os: string;
  variant?: string;
  created?: string;
  author?: string;
  config?: ImageRunConfig;
  rootfs: { type: 'layers'; diff_ids: Digest[] };
  history?: { created?: string; created_by?: string; author?: string; comment?: string; empty_layer?: boolean }[];
  docker_version?: string;
}

/** An image that is here whole: configuration parsed, every layer unpacked. `id` is the digest of the configuration. */
export interface Image {
  id: Digest;
  config: ImageConfig;
  /** Digest of the manifest that the configuration came with (pulled), or that was made for it. */
  manifest: Digest;
  /** `name:tag` references in familiar form, sorted. */
  tags: string[];
  /** `name@sha256:…` references in familiar form. */
  digests: string[];
  /** Sum of the unpacked layers in bytes. */
  size: number;
  /** Milliseconds since the epoch. */
  createdAt: number;
}

/** What the engine's other nouns may ask of images. Errors: not-found `No such image: REF`. */
export interface ImageSource {
  /**
   * Resolves a reference, digest, id or unambiguous id prefix; with `platform` (`os[/arch[/variant]]`), of an image of
   * several platforms the one that fits. Errors: also not-found when the image is not here for that platform.
   */
  resolve(reference: string, platform?: string): Image;
  /** Unpacked layer directories of an image, topmost first, for overlayfs `lowerdir`. */
  layerDirectories(id: Digest): string[];
  /** Makes an image of another one and a layer on top of it. Errors: invalid (`max depth exceeded`, archive). */
  addLayer(request: AddLayerRequest): Promise<Image>;
}

export interface AddLayerRequest {
  parent: Digest;
  /** Uncompressed layer archive; one without entries adds no layer. */
  layer: AsyncIterable<Uint8Array>;
  config: ImageRunConfig;
  author: string;
  comment: string;
  /** What made the layer, for the history. */
  createdBy: string;
  reference: Reference | undefined;
}

/** What images ask about containers; joined in main.ts. */
export interface ImageUsers {
  /** Containers made from this image. `running` includes paused. */
  containersOf(id: Digest): { id: string; name: string; running: boolean }[];
  /** True while the build cache wants its content: it is taken out of sight then, and goes when the cache lets go. */
  isCached?(id: Digest): boolean;
}
