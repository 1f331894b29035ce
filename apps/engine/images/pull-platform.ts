import { BerthError } from '@berth/kit';
import { type Descriptor, isObject, type Platform } from '@berth/oci';

/** The platform of images that run here without emulation. */
export function hostPlatform(architecture: string = process.arch): Platform {
  switch (architecture) {
    case 'x64':
      return { os: 'linux', architecture: 'amd64' };
    case 'ia32':
      return { os: 'linux', architecture: '386' };
    case 'arm':
      return { os: 'linux', architecture: 'arm', variant: 'v7' };
    case 'ppc64':
      return { os: 'linux', architecture: 'ppc64le' };
    default:
      return { os: 'linux', architecture };
  }
}

/**
 * Reads `os`, `arch`, `os/arch` or `os/arch/variant` as `--platform` takes it, or an OCI platform in JSON, as the API's
 * push takes it. Errors: invalid.
 */
export function parsePlatform(text: string): Platform {
  if (text.startsWith('{')) return parsePlatform(fromJson(text));
  const parts = text.toLowerCase().split('/');
  if (parts.length > 3 || parts.some((part) => !/^[a-z0-9][a-z0-9_.-]{0,63}$/.test(part))) {
    throw new BerthError('invalid', `"${text}": unknown operating system or architecture: invalid argument`);
  }
  const host = hostPlatform();
  const [first = '', second, third] = parts;
  if (second === undefined) {
    return OPERATING_SYSTEMS.has(first) ? { ...host, os: first } : normalise({ os: host.os, architecture: first });
  }
  return normalise({ os: first, architecture: second, ...(third === undefined ? {} : { variant: third }) });
}

function fromJson(text: string): string {
  const wrong = (cause?: unknown) => new BerthError('invalid', 'failed to parse platform', { cause });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw wrong(cause);
  }
  if (!isObject(value)) throw wrong();
  const { os, architecture, variant } = value;
  if (typeof os !== 'string' || typeof architecture !== 'string') throw wrong();
  return [os, architecture, ...(typeof variant === 'string' && variant !== '' ? [variant] : [])].join('/');
}

const OPERATING_SYSTEMS = new Set([
  'linux',
  'windows',
  'darwin',
  'freebsd',
  'openbsd',
  'netbsd',
  'solaris',
  'aix',
  'wasip1',
]);
const ALIASES: Record<string, { architecture: string; variant?: string }> = {
  x86_64: { architecture: 'amd64' },
  'x86-64': { architecture: 'amd64' },
  i386: { architecture: '386' },
  i686: { architecture: '386' },
  aarch64: { architecture: 'arm64' },
  armhf: { architecture: 'arm', variant: 'v7' },
  armel: { architecture: 'arm', variant: 'v6' },
};

/** One spelling: aliases resolved, the variant that everybody means left out. */
function normalise(platform: Platform): Platform {
  const { os } = platform;
  const alias = ALIASES[platform.architecture] ?? { architecture: platform.architecture };
  const { architecture } = alias;
  let variant = platform.variant ?? alias.variant;
  if (architecture === 'arm') variant = variant === undefined ? 'v7' : variant.replace(/^(\d)/, 'v$1');
  if (architecture === 'arm64' && (variant === 'v8' || variant === '8')) variant = undefined;
  if (architecture === 'amd64' && variant === 'v1') variant = undefined;
  return { os, architecture, ...(variant === undefined ? {} : { variant }) };
}

/** `linux/arm/v7`. */
export function formatPlatform({ os, architecture, variant }: Platform): string {
  return [os, architecture, ...(variant === undefined ? [] : [variant])].join('/');
}

/**
 * True when what is offered runs where `wanted` is asked for. A 32-bit ARM runs what is made for older variants of it;
 * other variants have to be the same.
 */
export function platformMatches(offered: Platform, wanted: Platform): boolean {
  return rank(offered, wanted) !== undefined;
}

/** The entry of an index for a platform: the closest variant, the first of equals; undefined when there is none. */
export function selectManifest(entries: readonly Descriptor[], wanted: Platform): Descriptor | undefined {
  return selectPlatform(entries, ({ platform }) => platform, wanted);
}

/** The same of anything that is for a platform. */
export function selectPlatform<T>(
  offers: readonly T[],
  platformOf: (offer: T) => Platform | undefined,
  wanted: Platform,
): T | undefined {
  let best: { offer: T; rank: number } | undefined;
  for (const offer of offers) {
    const platform = platformOf(offer);
    const found = platform === undefined ? undefined : rank(platform, wanted);
    if (found !== undefined && (best === undefined || found < best.rank)) best = { offer, rank: found };
  }
  return best?.offer;
}

/** 0 for the same, more for what is further off, undefined for no match. */
function rank(offered: Platform, wanted: Platform): number | undefined {
  const [a, b] = [normalise(offered), normalise(wanted)];
  if (a.os !== b.os || a.architecture !== b.architecture) return undefined;
  if (a.variant === b.variant) return 0;
  if (a.architecture !== 'arm') return undefined;
  const distance = Number(b.variant?.slice(1)) - Number(a.variant?.slice(1));
  return distance > 0 && distance <= 2 ? distance : undefined;
}
