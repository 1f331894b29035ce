import { BerthError } from '@berth/kit';

export interface Platform {
  os: string;
  architecture: string;
  variant: string;
}

const ARCHITECTURES: Readonly<Record<string, readonly [architecture: string, variant: string]>> = {
  i386: ['386', ''],
  x86_64: ['amd64', ''],
  'x86-64': ['amd64', ''],
  aarch64: ['arm64', ''],
  armhf: ['arm', 'v7'],
  armel: ['arm', 'v6'],
};
const KNOWN = new Set(
  '386 amd64 arm arm64 loong64 mips mips64 mips64le mipsle ppc64 ppc64le riscv64 s390x wasm'.split(' '),
);
const SYSTEMS = new Set(
  'aix android darwin dragonfly freebsd illumos js linux netbsd openbsd plan9 solaris windows wasip1'.split(' '),
);

/** Reads `os/arch[/variant]`, `os` or `arch`, with the names that Docker normalises. Throws `invalid`. */
export function parsePlatform(text: string, fallback: Platform): Platform {
  const parts = text.trim().toLowerCase().split('/');
  if (parts.length > 3 || parts.some((part) => !/^[\w.()-]+$/.test(part))) {
    throw new BerthError('invalid', `${JSON.stringify(text)} is an invalid component of a platform`);
  }
  const [first = '', second, third = ''] = parts;
  if (second === undefined) {
    const system = first === 'macos' ? 'darwin' : first;
    if (SYSTEMS.has(system)) return { ...fallback, os: system };
    const [architecture, variant] = normalized(first, '');
    if (KNOWN.has(architecture)) return { os: fallback.os, architecture, variant };
    throw new BerthError('invalid', `${JSON.stringify(text)}: unknown operating system or architecture`);
  }
  const [architecture, variant] = normalized(second, third);
  return { os: first === 'macos' ? 'darwin' : first, architecture, variant };
}

/** `os/arch` or `os/arch/variant`. */
export function formatPlatform({ os, architecture, variant }: Platform): string {
  return [os, architecture, ...(variant === '' ? [] : [variant])].join('/');
}

function normalized(name: string, variant: string): readonly [architecture: string, variant: string] {
  const [architecture, implied] = ARCHITECTURES[name] ?? [name, ''];
  const said = variant === '' ? implied : variant;
  if (architecture === 'arm64' && (said === 'v8' || said === '8' || said === '8.0' || said === 'v8.0'))
    return ['arm64', ''];
  if (architecture === 'arm') return ['arm', said === '' ? 'v7' : /^[5-8]$/.test(said) ? `v${said}` : said];
  if (architecture === 'amd64' && said === 'v1') return ['amd64', ''];
  return [architecture, said];
}
