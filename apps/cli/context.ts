import type { EngineClient } from '@berth/client';
import type { ConfigFile } from './config-file.ts';
import type { FlagValues } from './flags/values.ts';
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
  /** The address that `client` uses, as `unix:///path`, `tcp://host:port` or `ssh://host`. */
  readonly host: string;
  /** Docker's config.json; an empty object when there is none. */
  readonly config: ConfigFile;
  /** Folder of config.json and certificates. */
  readonly configDir: string;
  /** Name of the context in use (see `contexts/`); `default` is what flags and environment say. */
  readonly contextName: string;
  /** The flags before the command. */
  readonly global: FlagValues;
  readonly debug: boolean;
}
