import type { Directive } from './lex/directives.ts';
import type { Heredoc } from './lex/heredoc.ts';
import type { JoinedLine } from './lex/lines.ts';
import type { Source, Span } from './source.ts';

/** A file that was read: every instruction is known and its form is right; nothing is expanded yet. */
export interface Dockerfile {
  source: Source;
  /** The character that escapes and joins lines. */
  escape: string;
  directives: Directive[];
  /** What `# syntax=` asks for, `docker/dockerfile:1` for example. */
  syntax: string | undefined;
  instructions: Instruction[];
}

/** What all instructions have. */
export interface Written {
  source: Source;
  span: Span;
  /** The keyword as written. */
  keyword: string;
  /** The joined line, trimmed, without here-documents. */
  text: string;
  heredocs: Heredoc[];
  /** Comments directly above, without `#`. */
  comments: string[];
  /** Numbers of blank lines inside of it. */
  blankLines: number[];
  /** The place of an offset in the joined line. */
  line: JoinedLine;
  /** Set when it came from ONBUILD of the base. */
  trigger?: boolean;
}

export type Instruction =
  | FromInstruction
  | RunInstruction
  | CommandInstruction
  | CopyInstruction
  | PairsInstruction
  | ArgInstruction
  | ExposeInstruction
  | VolumeInstruction
  | TextInstruction
  | ShellInstruction
  | HealthcheckInstruction
  | OnbuildInstruction;

export type InstructionKind = Instruction['kind'];

/** A command in shell form (`line`) or exec form (`argv`). */
export type CommandForm = { form: 'shell'; line: string } | { form: 'exec'; argv: string[] };

export interface FromInstruction extends Written {
  kind: 'from';
  /** Image, stage or context; with variables. */
  image: string;
  imageSpan: Span;
  /** Lower case. */
  name: string | undefined;
  nameAsWritten: string | undefined;
  /** `AS` as written. */
  as: string | undefined;
  platform: string | undefined;
}

export interface RunInstruction extends Written {
  kind: 'run';
  command: CommandForm;
  /** Values of `--mount`; `resolveMount` reads them once variables are known. */
  mounts: MountFlag[];
  network: 'default' | 'none' | 'host' | undefined;
  security: 'sandbox' | 'insecure' | undefined;
  devices: DeviceRequest[];
}

export interface MountFlag {
  text: string;
  /** The value of `from=`, which never expands. */
  from: string | undefined;
  span: Span;
}

/** `--device=NAME[,required]`. */
export interface DeviceRequest {
  name: string;
  required: boolean;
}

export interface CommandInstruction extends Written {
  kind: 'cmd' | 'entrypoint';
  command: CommandForm;
}

/** COPY and ADD. Every string but `from` may hold variables. */
export interface CopyInstruction extends Written, CopySettings {
  kind: 'copy' | 'add';
  sources: CopySource[];
  destination: string;
  /** Stage, index, context or image; COPY only. */
  from: string | undefined;
  fromSpan: Span | undefined;
}

/** How files are copied: the flags of COPY and ADD. */
export interface CopySettings {
  chown: string | undefined;
  chmod: string | undefined;
  link: boolean;
  /** COPY only. */
  parents: boolean;
  exclude: string[];
  /** ADD only. */
  checksum: string | undefined;
  /** ADD only. */
  keepGitDir: boolean;
  /** ADD only; undefined: archives of the context are unpacked, those of addresses are not. */
  unpack: boolean | undefined;
}

export type CopySource = { kind: 'path'; path: string; span: Span } | { kind: 'inline'; heredoc: Heredoc };

/** ENV and LABEL. */
export interface PairsInstruction extends Written {
  kind: 'env' | 'label';
  pairs: Pair[];
}

export interface Pair {
  name: string;
  value: string;
  /** `ENV NAME VALUE`, without `=`. */
  legacy: boolean;
  span: Span;
}

export interface ArgInstruction extends Written {
  kind: 'arg';
  args: ArgDeclaration[];
}

export interface ArgDeclaration {
  name: string;
  /** The default, with variables. */
  value: string | undefined;
  span: Span;
}

export interface ExposeInstruction extends Written {
  kind: 'expose';
  ports: string[];
}

export interface VolumeInstruction extends Written {
  kind: 'volume';
  paths: string[];
}

/** Instructions that take the whole line. */
export interface TextInstruction extends Written {
  kind: 'user' | 'workdir' | 'stopsignal' | 'maintainer';
  value: string;
}

export interface ShellInstruction extends Written {
  kind: 'shell';
  argv: string[];
}

export interface HealthcheckInstruction extends Written {
  kind: 'healthcheck';
  /** Undefined is `HEALTHCHECK NONE`. */
  check: HealthcheckForm | undefined;
}

/** Times in nanoseconds, 0 means Docker's default. */
export interface HealthcheckForm {
  command: CommandForm;
  interval: number;
  timeout: number;
  startPeriod: number;
  startInterval: number;
  retries: number;
}

export interface OnbuildInstruction extends Written {
  kind: 'onbuild';
  /** The instruction as the image stores it, with here-documents. */
  expression: string;
  inner: Instruction;
}
