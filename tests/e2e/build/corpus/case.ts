/** A file of a context: text, or more exactly. */
export type CorpusFile =
  | string
  | { content: string | Buffer; mode?: number; uid?: number; gid?: number }
  | { link: string }
  /** A second name of another file of the context. */
  | { same: string }
  | { folder: true; mode?: number };

/** A build whose result is compared with what Debian's Docker makes of it. */
export interface CorpusCase {
  name: string;
  dockerfile: string;
  files?: Record<string, CorpusFile>;
  /** Further arguments of `build`. */
  args?: string[];
  /** Builders that cannot read it are left out: `--mount` is nothing to the classic one. */
  only?: Builder[];
  /** Why a part of the result is another than theirs: paths, or `config.NAME`, that are not compared with a builder. */
  differs?: Partial<Record<Builder, Record<string, string>>>;
}

export type Builder = 'classic' | 'buildkit';
