import type { EngineConfig } from '../config.ts';
import type { Kind } from './kinds/index.ts';

/** One thing that an engine can be told. Flags, checks of `daemon.json`, help and reference derive from these. */
export interface Setting<T> {
  /** Name in `daemon.json`; a dot goes into an object: `proxies.http-proxy`. */
  key: string;
  /** Name on the command line, without dashes. */
  flag: string;
  /** One letter. */
  short?: string;
  /** Further names of the flag, which the help does not show. */
  aliases?: readonly string[];
  kind: Kind<T>;
  /** For help and reference; begins with a capital, has no full stop. */
  summary: string;
  /** SIGHUP takes a new value over. */
  reload?: true;
  /** Flags and file add up, instead of excluding each other. */
  adds?: true;
  /** Why only the default is taken so far, as a sentence. Goes when the setting is made to work. */
  refused?: string;
}

/** Reason of `refused` until the part of the engine that a setting is for has it. */
export const NOT_YET = 'this version of Berth does not have it';

/** A setting for every field. */
export type AllSettings = { readonly [F in keyof EngineConfig]: Setting<EngineConfig[F]> };

/** Some of them. */
export type Settings = Partial<AllSettings>;

/** What dockerd can be told and this engine does otherwise: only what it does anyway is taken. */
export interface ForeignSetting {
  key: string;
  /** undefined: it has none. */
  flag: string | undefined;
  short?: string;
  /** A switch, which needs no value on the command line. */
  isSwitch: boolean;
  /** Values of the file that change nothing, as JSON writes them; the first is what holds. */
  holds: readonly unknown[];
  /** Why others are not taken, as a sentence. */
  why: string;
}
