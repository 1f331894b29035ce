import type { Context } from './context.ts';
import type { FlagValues } from './flags/values.ts';
import type { HelpStyle } from './help.ts';

/**
 * A command, in a file of its own and loaded only when it is asked for. Path, aliases and summary are in the registry
 * (`CommandEntry`), so that help for groups loads nothing.
 */
export interface Command {
  /** What follows the command's words in the usage line: `[OPTIONS] CONTAINER [CONTAINER...]`. */
  usage: string;
  /** Longer description for `--help`, perhaps with the program's name in it; the entry's summary when absent. */
  description?: string | ((programName: string) => string);
  flags: readonly FlagSpec[];
  args: Arity;
  /** False: flags end at the first argument, as `run` and `exec` need it. Default true. */
  interspersed?: boolean;
  /** True: words are not read here but handed on as arguments, `--help` among them. */
  passThrough?: boolean;
  /** With `passThrough`: the help that these words ask for, undefined when they do not. Nothing is opened for it. */
  ownHelp?(words: readonly string[], style: HelpStyle): Promise<string | undefined>;
  /** Resolves to the exit code. Throws CliError or BerthError; the dispatcher prints it and exits 1 or the error's own code. */
  run(context: Context, parsed: Parsed): Promise<number>;
}

/** Number of arguments; the error texts are Docker's. */
export interface Arity {
  min: number;
  max: number;
}

export const NO_ARGS: Arity = { min: 0, max: 0 };
export const exactArgs = (n: number): Arity => ({ min: n, max: n });
export const atLeastArgs = (n: number): Arity => ({ min: n, max: Number.POSITIVE_INFINITY });
export const atMostArgs = (n: number): Arity => ({ min: 0, max: n });

/**
 * Value types, named as help shows them. `bool` needs no value. `list`, `strings`, `stringArray`, `map`, `stringToString`, `filter`,
 * `network`, `mount`, `ulimit` and `gpu-request` may be repeated and give a list of strings. `int`, `uint`, `uint16` give numbers, `bytes` a number of
 * bytes ("64m"), `duration` a number of nanoseconds ("1m30s"), `decimal` billionths ("0.5" is 500000000).
 */
export type FlagType =
  | 'bool'
  | 'string'
  | 'int'
  | 'uint'
  | 'uint16'
  | 'bytes'
  | 'duration'
  | 'decimal'
  | 'list'
  | 'strings'
  | 'stringArray'
  | 'map'
  | 'stringToString'
  | 'filter'
  | 'network'
  | 'mount'
  | 'ulimit'
  | 'gpu-request';

export interface FlagSpec {
  /** Without dashes. */
  long: string;
  /** One letter. */
  short?: string;
  type: FlagType;
  /** Help text; `\n` is a hard break. */
  help: string;
  /** Taken when the flag is absent and shown in help. Leave out the zero value, as pflag does. */
  default?: string;
  /** Works, but is not in help. */
  hidden?: boolean;
  /** Only Berth has it: not in the help under the name `docker`. */
  own?: boolean;
  /** Another name of this flag: values are kept there, in the order in which both were written. */
  sameAs?: string;
  /** Works, but says what to use instead: `use --timeout instead`. */
  deprecated?: string;
  /** Checks and perhaps rewrites one value; a thrown Error's message becomes the reason in `invalid argument "x" for …`. */
  check?: (value: string) => string;
  /** Takes the place of the type's own conversion; throws like `check`. */
  convert?: (value: string) => number;
}

/** What the user wrote, parsed. */
export interface Parsed {
  flags: FlagValues;
  args: string[];
  /** The command as called, with the program's name: `berth container run`, `docker rm`. */
  invoked: string;
}

/** A line of the registry. */
export interface CommandEntry {
  /** Canonical words: `container run`. */
  path: string;
  /** Other names in the order help shows them after the canonical one: `container list`, `ps`. One-word names are top-level commands. */
  aliases?: readonly string[];
  summary: string;
  /** Groups whose help lists it by an alias: `builder` has `builder build`. */
  alsoIn?: readonly string[];
  /** Section of the top-level help; default "Commands" for one word. */
  section?: 'common' | 'management';
  hidden?: boolean;
  load: () => Promise<Command>;
}

/** A word that only groups commands: `container`. */
export interface GroupEntry {
  path: string;
  summary: string;
}
