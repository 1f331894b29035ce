import type { IgnoreRules as Rules } from '@berth/dockerfile';
import type { IgnoreRules } from './ignore-rules.ts';

/** A file that is sent with a context and does not lie in it. */
export interface ExtraFile {
  path: string;
  content: Uint8Array;
}

/** Where a Dockerfile is: in the context under this name, or elsewhere with this text. */
export type DockerfilePlace = { inContext: string } | { name: string; text: Buffer };

/** What a build is made from, found and checked, not yet sent. */
export type Source = DirectorySource | ArchiveSource;

export interface DirectorySource {
  kind: 'directory';
  /** Real path. */
  root: string;
  dockerfile: DockerfilePlace;
  rules: IgnoreRules;
  /** The same with all that they can say, where there are any. */
  ignore?: Rules | undefined;
  /** Removes what was made for it (a clone). */
  dispose(): Promise<void>;
}

/** A tar as it is, from stdin, a file or a URL. */
export interface ArchiveSource {
  kind: 'archive';
  body: AsyncIterable<Uint8Array>;
  /** Name of the Dockerfile in it, or its text from elsewhere. */
  dockerfile: DockerfilePlace;
  dispose(): Promise<void>;
}
