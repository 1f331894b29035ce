import { accessSync, constants, readFileSync } from 'node:fs';
import type { HostConfig } from '@berth/contract';
import { BerthError } from '@berth/kit';
import type { EngineConfig } from '../../config.ts';
import { checkLogging, type LogConfig } from '../log-drivers/index.ts';
import type { ContainerRecord } from '../model.ts';
import { readRanges } from '../remap/ranges.ts';
import { hiddenEnvironment } from './hidden-environment.ts';
import { parseSeccompProfile } from './seccomp-custom.ts';

/** Settings of the engine for containers that say nothing themselves; they hold when a container starts, as with Docker. */
type Defaults = Pick<
  EngineConfig,
  'defaultUlimits' | 'init' | 'noNewPrivileges' | 'seccompProfile' | 'dns' | 'dnsSearch' | 'dnsOptions'
>;

/** A container as it is to be run: with the engine's settings where it has none. The record itself stays as it is. */
export function withEngineDefaults(config: Defaults, record: ContainerRecord): ContainerRecord {
  const host = record.spec.hostConfig;
  const change: Partial<HostConfig> = {
    ...(config.defaultUlimits.length > 0 ? { Ulimits: mergeUlimits(config, host) } : {}),
    ...(config.init && host.Init == null ? { Init: true } : {}),
    ...(config.dns.length > 0 && host.Dns.length === 0 ? { Dns: config.dns } : {}),
    ...(config.dnsSearch.length > 0 && host.DnsSearch.length === 0 ? { DnsSearch: config.dnsSearch } : {}),
    ...(config.dnsOptions.length > 0 && host.DnsOptions.length === 0 ? { DnsOptions: config.dnsOptions } : {}),
    ...(config.noNewPrivileges || config.seccompProfile ? { SecurityOpt: mergeSecurity(config, host) } : {}),
  };
  const hidden = hiddenEnvironment.get(record.id);
  if (Object.keys(change).length === 0 && hidden === undefined) return record;
  const { config: own } = record.spec;
  const env = hidden === undefined ? own : { ...own, Env: [...own.Env, ...hidden] };
  return { ...record, spec: { ...record.spec, config: env, hostConfig: { ...host, ...change } } };
}

/** Looks at the files that the settings name. Errors: invalid, naming the setting. */
export function checkEngineDefaults({
  seccompProfile,
  initPath,
  logDriver,
  logOpts,
  usernsRemap,
}: Pick<EngineConfig, 'seccompProfile' | 'initPath' | 'logDriver' | 'logOpts' | 'usernsRemap'>): void {
  if (usernsRemap !== undefined) readRanges(usernsRemap);
  checkLogDefaults({ Type: logDriver, Config: logOpts });
  if (seccompProfile !== undefined && seccompProfile !== 'unconfined') readProfile(seccompProfile);
  if (initPath === undefined) return;
  try {
    accessSync(initPath, constants.X_OK);
  } catch (cause) {
    throw new BerthError('invalid', `"init-path": ${initPath} is no program that can be run`, { cause });
  }
}

function checkLogDefaults(config: LogConfig): void {
  try {
    checkLogging(config);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new BerthError('invalid', `failed to set log opts: ${reason}`, { cause });
  }
}

function mergeUlimits({ defaultUlimits }: Defaults, host: HostConfig): HostConfig['Ulimits'] {
  const own = host.Ulimits ?? [];
  return [...defaultUlimits.filter(({ Name }) => own.every((limit) => limit.Name !== Name)), ...own];
}

/** The engine's come first: of options that contradict each other the last counts. */
function mergeSecurity({ noNewPrivileges, seccompProfile }: Defaults, host: HostConfig): string[] {
  const profile = host.Privileged ? undefined : seccompProfile;
  return [
    ...(noNewPrivileges ? ['no-new-privileges'] : []),
    ...(profile === undefined ? [] : [`seccomp=${profile === 'unconfined' ? profile : readProfile(profile)}`]),
    ...(host.SecurityOpt ?? []),
  ];
}

function readProfile(path: string): string {
  try {
    const text = readFileSync(path, 'utf8');
    parseSeccompProfile(text);
    return text;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new BerthError('invalid', `"seccomp-profile": cannot use ${path}: ${reason}`, { cause });
  }
}
