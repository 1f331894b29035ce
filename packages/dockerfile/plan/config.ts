/** The part of an image's configuration that a build reads and writes; the names are those of the image format. */
export interface ImageConfig {
  User?: string;
  ExposedPorts?: Record<string, object>;
  Env?: string[];
  Entrypoint?: string[] | null;
  Cmd?: string[] | null;
  Volumes?: Record<string, object>;
  WorkingDir?: string;
  Labels?: Record<string, string>;
  StopSignal?: string;
  Healthcheck?: ImageHealthcheck;
  Shell?: string[];
  OnBuild?: string[];
  /** True once CMD or ENTRYPOINT was set by a build. */
  ArgsEscaped?: boolean;
}

/** Times in nanoseconds; absent means Docker's default. */
export interface ImageHealthcheck {
  Test: string[];
  Interval?: number;
  Timeout?: number;
  StartPeriod?: number;
  StartInterval?: number;
  Retries?: number;
}

export const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
export const DEFAULT_SHELL: readonly string[] = ['/bin/sh', '-c'];

/** The names and values of an Env list; the last of a name wins, one without `=` is empty. */
export function readEnv(env: readonly string[] | undefined): Map<string, string> {
  const values = new Map<string, string>();
  for (const entry of env ?? []) {
    const equals = entry.indexOf('=');
    values.set(equals === -1 ? entry : entry.slice(0, equals), equals === -1 ? '' : entry.slice(equals + 1));
  }
  return values;
}

/** Sets a variable in an Env list of one's own, in the place of an earlier one. */
export function setEnv(env: string[], name: string, value: string): void {
  const at = env.findIndex((entry) => entry === name || entry.startsWith(`${name}=`));
  env[at === -1 ? env.length : at] = `${name}=${value}`;
}
