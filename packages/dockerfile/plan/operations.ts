import type { Mount } from '../instructions/mount.ts';
import type { Heredoc } from '../lex/heredoc.ts';
import type { CopySettings, DeviceRequest, Instruction } from '../model.ts';
import type { ImageConfig } from './config.ts';

/** Where files come from. */
export type Root =
  | { kind: 'context' }
  | { kind: 'scratch' }
  /** The finished stage of that index. */
  | { kind: 'stage'; index: number }
  /** A context given by name with the request. */
  | { kind: 'named'; name: string }
  | { kind: 'image'; reference: string };

/** What a stage begins with. */
export type Base = Exclude<Root, { kind: 'context' }>;

/** One step, with every variable replaced: what an executor has to do. */
export type Operation = RunOperation | CopyOperation | WorkdirOperation | ConfigOperation;

export interface Step {
  instruction: Instruction;
  /** From ONBUILD of the base. */
  trigger: boolean;
  /** Number in the classic stream's `Step N/M`, over all stages; undefined for triggers. */
  step: number | undefined;
  /** The classic stream's text after `Step N/M : `. */
  text: string;
  /**
   * What the classic builder's history says behind `#(nop)`: `ENV A=b`, `CMD ["sh"]`; `RUN |1 X=y /bin/sh -c make`. Of
   * COPY and ADD as written: `COPY file:HASH in /x` is known only to who hashed.
   */
  created: string;
  /** The configuration after this step; never changed later. */
  config: ImageConfig;
  /** MAINTAINER so far. */
  author: string | undefined;
}

export interface RunOperation extends Step {
  kind: 'run';
  /** What is executed, the shell included. */
  argv: string[];
  /** A script to put in the file `path` (mode 0755) for this step only: `RUN <<EOF` whose body begins with `#!`. */
  script: { path: string; text: string } | undefined;
  mounts: ResolvedMount[];
  network: 'default' | 'none' | 'host';
  security: 'sandbox' | 'insecure';
  devices: DeviceRequest[];
  /** NAME=VALUE: ENV, then declared arguments that no ENV hides. All of it belongs to the cache key. */
  environment: string[];
  /** The declared arguments alone, in order, with the values that the step sees. */
  args: { name: string; value: string }[];
  /** NAME=VALUE of proxies that were passed and not declared: for the environment, not for the cache key. */
  proxies: string[];
  workdir: string;
  /** `''` is root. */
  user: string;
}

/** `root` is undefined for mounts that begin empty: tmpfs, secret, ssh and a cache without `from`. */
export interface ResolvedMount extends Mount {
  root: Root | undefined;
}

export interface CopyOperation extends Step, CopySettings {
  kind: 'copy' | 'add';
  root: Root;
  sources: Source[];
  /** Absolute; ends in `/` when it must be a folder. */
  destination: string;
}

export type Source =
  /** A path or pattern below the root, as written but for variables. */
  | { kind: 'path'; path: string }
  /** ADD only. */
  | { kind: 'url'; url: string }
  /** ADD only. */
  | { kind: 'git'; url: string }
  | { kind: 'inline'; name: string; text: string; heredoc: Heredoc };

export interface WorkdirOperation extends Step {
  kind: 'workdir';
  /** The folder that must exist afterwards (0755, owned by the user of the stage); absolute. */
  path: string;
  user: string;
}

/** Changes the configuration only. */
export interface ConfigOperation extends Step {
  kind: 'config';
}
