import type { ContainerConfig, HealthcheckConfig } from '@berth/contract';
import { BerthError } from '@berth/kit';
import { expandPorts } from './parse-ports.ts';
import { parseSignal } from './signals.ts';

/** Longest host name that the kernel takes (HOST_NAME_MAX). */
const MAX_HOSTNAME = 64;

/**
 * Checks what the client said of the container itself (before the image's values come in).
 * Errors: invalid, with Docker's sentences.
 */
export function checkConfig(config: ContainerConfig): void {
  refuseNullBytes(config);
  checkHostname('hostname', config.Hostname);
  checkHostname('domainname', config.Domainname);
  if (config.WorkingDir !== '' && !config.WorkingDir.startsWith('/')) {
    throw invalid(`the working directory '${config.WorkingDir}' is invalid, it needs to be an absolute path`);
  }
  if (config.StopSignal) parseSignal(config.StopSignal);
  if (config.StopTimeout !== undefined && config.StopTimeout < -1) {
    throw invalid(`invalid stop timeout: ${config.StopTimeout}`);
  }
  for (const variable of config.Env) {
    if (variable === '' || variable.startsWith('=')) throw invalid(`invalid environment variable: ${variable}`);
  }
  expandPorts(Object.keys(config.ExposedPorts ?? {}));
  for (const path of Object.keys(config.Volumes ?? {})) {
    if (!path.startsWith('/')) throw invalid(`invalid volume specification: '${path}': mount path must be absolute`);
  }
  if (config.Healthcheck) checkHealthcheck(config.Healthcheck);
}

function checkHostname(field: 'hostname' | 'domainname', name: string): void {
  if (name === '') return;
  if (name.length > MAX_HOSTNAME || !/^[a-zA-Z0-9_](?:[a-zA-Z0-9_.-]*[a-zA-Z0-9_])?$/.test(name)) {
    throw invalid(`invalid ${field}: ${name}`);
  }
}

const SHORTEST = 1_000_000;

function checkHealthcheck(healthcheck: HealthcheckConfig): void {
  for (const name of ['Interval', 'Timeout', 'StartPeriod', 'StartInterval'] as const) {
    const nanoseconds = healthcheck[name] ?? 0;
    if (nanoseconds !== 0 && nanoseconds < SHORTEST) throw invalid(`${name} in Healthcheck cannot be less than 1ms`);
  }
  if ((healthcheck.Retries ?? 0) < 0) throw invalid('Retries in Healthcheck cannot be negative');
}

/** The kernel ends strings at a null byte: what follows would be checked here and then not be used. */
function refuseNullBytes(config: ContainerConfig): void {
  const { Hostname, Domainname, User, WorkingDir, Env, Cmd, Entrypoint, Volumes, Labels } = config;
  const words = [Hostname, Domainname, User, WorkingDir, ...Env, ...(Cmd ?? []), ...(Entrypoint ?? [])];
  words.push(...Object.keys(Volumes ?? {}), ...Object.entries(Labels).flat());
  if (words.some((word) => word.includes('\0'))) throw invalid('the configuration must not contain null bytes');
}

function invalid(message: string): BerthError {
  return new BerthError('invalid', message);
}
