/** What a key of a Compose file does, and where that is seen. */
export interface KeyCase {
  /** Keys of the schema; `S.` is `services.*.`. */
  keys: string[];
  /** Fields of the service `app`, in YAML flow or block, indented by four. */
  app?: string;
  /** Further services and sections, from the left edge. */
  more?: string;
  /** Files beside the Compose file. */
  files?: Record<string, string>;
  /** Run in the container. */
  run?: string;
  /** Read by `docker inspect --format`. */
  inspect?: string;
  /** Or a command of Compose. */
  compose?: string[];
  /** A command of Compose before that. */
  before?: string[];
  /** What comes out: text in it, or a pattern. */
  shows: string | RegExp;
  /** Words after `up -d`. */
  up?: string[];
  /** The container that is looked at; `app-1` unless given. */
  container?: string;
  /** Flags before the command. */
  flags?: string[];
}
