import type { ContainerConfig, HealthcheckConfig } from '@berth/contract';
import type { ImageRunConfig } from '../../images/model.ts';

/**
 * The container's configuration with the image's defaults filled in, by Docker's rules: variables, labels, ports and
 * volumes join (the container's win); an entrypoint of the container's own drops the image's command; an entrypoint
 * of one empty string means none. The image's values are taken as data only: nothing in them selects engine behaviour.
 */
export function mergeImageConfig(own: ContainerConfig, image: ImageRunConfig | undefined): ContainerConfig {
  const merged: ContainerConfig = { ...own, ...commandOf(own, image ?? {}) };
  if (image) {
    merged.User = own.User || (image.User ?? '');
    merged.WorkingDir = own.WorkingDir || (image.WorkingDir ?? '');
    merged.Env = joinEnvironment(own.Env, image.Env ?? []);
    merged.Labels = { ...image.Labels, ...own.Labels };
    merged.ExposedPorts = joinKeys(image.ExposedPorts, own.ExposedPorts, withProtocol);
    merged.Volumes = joinKeys(image.Volumes, own.Volumes, (path) => path) ?? null;
    const stopSignal = own.StopSignal || image.StopSignal;
    if (stopSignal) merged.StopSignal = stopSignal;
    const healthcheck = joinHealthcheck(own.Healthcheck, healthcheckOf(image));
    if (healthcheck) merged.Healthcheck = healthcheck;
  } else merged.ExposedPorts = joinKeys(undefined, own.ExposedPorts, withProtocol);
  if (!merged.ExposedPorts) delete merged.ExposedPorts;
  return merged;
}

function commandOf(own: ContainerConfig, image: ImageRunConfig): Pick<ContainerConfig, 'Entrypoint' | 'Cmd'> {
  let { Entrypoint, Cmd } = own;
  if (!Entrypoint?.length) {
    if (!Cmd?.length) Cmd = image.Cmd ?? null;
    Entrypoint ??= image.Entrypoint ?? null;
  }
  if (Entrypoint?.length === 1 && Entrypoint[0] === '') Entrypoint = null;
  return { Entrypoint: Entrypoint?.length ? Entrypoint : null, Cmd: Cmd?.length ? Cmd : null };
}

function joinEnvironment(own: string[], image: string[]): string[] {
  const names = new Set(own.map(nameOf));
  return [...own, ...image.filter((variable) => !names.has(nameOf(variable)))];
}

function nameOf(variable: string): string {
  const end = variable.indexOf('=');
  return end < 0 ? variable : variable.slice(0, end);
}

function joinKeys(
  image: Record<string, object> | null | undefined,
  own: Record<string, object> | null | undefined,
  normalise: (key: string) => string,
): Record<string, object> | undefined {
  const keys = new Set([...Object.keys(image ?? {}), ...Object.keys(own ?? {})].map(normalise));
  return keys.size === 0 ? undefined : Object.fromEntries([...keys].map((key) => [key, {}]));
}

function withProtocol(port: string): string {
  return port.includes('/') ? port : `${port}/tcp`;
}

/** The image's healthcheck, members of a wrong type left out: images are not ours to refuse. */
function healthcheckOf(image: ImageRunConfig): HealthcheckConfig | undefined {
  if (!image.Healthcheck) return undefined;
  const given = image.Healthcheck as Record<string, unknown>;
  const times = (['Interval', 'Timeout', 'StartPeriod', 'StartInterval', 'Retries'] as const).flatMap((name) => {
    const value = given[name];
    return typeof value === 'number' ? [[name, value] as const] : [];
  });
  const test = Array.isArray(given.Test) ? given.Test.filter((word) => typeof word === 'string') : [];
  return { ...(test.length > 0 && { Test: test }), ...Object.fromEntries(times) };
}

function joinHealthcheck(
  own: HealthcheckConfig | undefined,
  image: HealthcheckConfig | undefined,
): HealthcheckConfig | undefined {
  if (!own || !image) return own ?? image;
  const given = Object.entries(own).filter(([, value]) => (Array.isArray(value) ? value.length > 0 : value));
  return { ...image, ...Object.fromEntries(given) };
}
