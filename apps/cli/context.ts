import type { EngineClient } from '@berth/client';
import type { ConfigFile } from './config-file.ts';
import type { Input, Output } from './streams.ts';

/** What a command gets: its streams, the engine, the user's configuration. Lazy parts cost nothing until they are used. */
export interface Context {
  /** As called: `berth`, `docker`. */
  readonly programName: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly out: Output;
  readonly err: Output;
  readonly in: Input;
  /** The engine; nothing is connected before the first call. */
  readonly client: EngineClient;
  /** The address that `client` uses, as `unix:///path` or `tcp://host:port`. */
  readonly host: string;
  /** Docker's config.json; an empty object when there is none. */
  readonly config: ConfigFile;
  /** Folder of config.json and certificates. */
  readonly configDir: string;
  readonly debug: boolean;
}
