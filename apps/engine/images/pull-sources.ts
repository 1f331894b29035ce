import { type Credentials, type Endpoint, mirrorEndpoint, type Reference } from '@berth/oci';
import type { EngineConfig, RegistrySettings } from '../config.ts';

/** A place that an image may come from. */
export interface PullSource {
  kind: 'mirror' | 'registry';
  /** URL of the mirror, or the registry's host. */
  name: string;
  /** undefined: as the registry's host says. */
  endpoint: Endpoint | undefined;
  /** How the repository is called there. */
  repository: string;
  /** The user's credentials are the registry's: a mirror never sees them. */
  auth: Credentials;
}

export type SourceSettings = Pick<EngineConfig, 'registries' | 'registryMirrors' | 'insecureRegistries'>;

const HUB_DOMAIN = 'docker.io';

/** The places to ask for an image, in order: mirrors of its registry, then the registry itself where that is allowed. */
export function pullSources(reference: Reference, auth: Credentials, settings: SourceSettings): PullSource[] {
  const { domain, path } = reference;
  const { mirrors, fallback } = registrySettings(domain, settings.registries);
  const further = domain === HUB_DOMAIN ? settings.registryMirrors : [];
  const sources = [...mirrors, ...further].map((mirror): PullSource => {
    const prefix = mirror
      .replace(/^https?:\/\/[^/]+\/?/, '')
      .replace(/\/$/, '')
      // A repository's name has no colon.
      .replaceAll('{host}', domain.replace(/^\[|\]/g, '').replaceAll(':', '-'));
    return {
      kind: 'mirror',
      name: mirror,
      endpoint: mirrorEndpoint(new URL(mirror).origin, settings.insecureRegistries),
      repository: prefix === '' ? path : `${prefix}/${path}`,
      auth: {},
    };
  });
  if (fallback) sources.push({ kind: 'registry', name: domain, endpoint: undefined, repository: path, auth });
  return sources;
}

/** Settings of the name that fits closest: the host itself, then the longest domain, then all. */
export function registrySettings(domain: string, registries: Record<string, RegistrySettings>): RegistrySettings {
  const fitting = Object.keys(registries)
    .filter((name) => fits(name, domain.toLowerCase()))
    .sort((a, b) => closeness(b) - closeness(a));
  return registries[fitting[0] ?? ''] ?? { mirrors: [], fallback: true };
}

function fits(name: string, domain: string): boolean {
  if (name === domain || name === '*') return true;
  if (!name.startsWith('*.')) return false;
  // A pattern without a port is for all ports.
  return domain.endsWith(name.slice(1)) || (!/:\d+$/.test(name) && domain.replace(/:\d+$/, '').endsWith(name.slice(1)));
}

function closeness(name: string): number {
  return name.startsWith('*') ? name.length : Number.POSITIVE_INFINITY;
}
