import type { Platform } from '@berth/client';
import { CliError } from '../../cli-error.ts';

const SYSTEMS = new Set([
  'linux',
  'windows',
  'darwin',
  'freebsd',
  'netbsd',
  'openbsd',
  'dragonfly',
  'solaris',
  'android',
  'aix',
  'illumos',
  'plan9',
  'wasip1',
  'js',
  'ios',
]);
const ARCHITECTURES: Record<string, string> = {
  x86_64: 'amd64',
  'x86-64': 'amd64',
  amd64: 'amd64',
  aarch64: 'arm64',
  arm64: 'arm64',
  armhf: 'arm',
  armel: 'arm',
  arm: 'arm',
  i386: '386',
  386: '386',
  riscv64: 'riscv64',
  ppc64le: 'ppc64le',
  s390x: 's390x',
  loong64: 'loong64',
  mips64le: 'mips64le',
};

/** `os[/arch[/variant]]` or a bare architecture, as the API takes it; undefined for ''. Throws CliError. */
export function parsePlatform(text: string): Platform | undefined {
  if (text === '') return undefined;
  const parts = text.toLowerCase().split('/');
  if (parts.length > 3 || !parts.every((part) => /^[a-z0-9_.-]+$/.test(part))) {
    throw new CliError(`invalid platform: ${JSON.stringify(text)}: expected os[/arch[/variant]]`);
  }
  const [first = '', second, third] = parts;
  if (second === undefined && ARCHITECTURES[first]) return withVariant('linux', first, undefined);
  if (!SYSTEMS.has(first))
    throw new CliError(
      `invalid platform: ${JSON.stringify(first)}: unknown operating system or architecture: invalid argument`,
    );
  return second === undefined ? { os: first, architecture: hostArchitecture() } : withVariant(first, second, third);
}

/** The text form of `parsePlatform`, as `run` and `create` send it. Throws CliError. */
export function formatPlatform(text: string): string {
  try {
    const { os, architecture, variant } = parsePlatform(text) ?? {};
    const given = text.split('/')[2]?.toLowerCase();
    return [os, architecture, given ?? variant].filter((part) => part).join('/');
  } catch (error) {
    const why = error instanceof Error ? error.message.replace(/^invalid platform: /, '') : String(error);
    throw new CliError(`error parsing specified platform: ${why}`);
  }
}

function withVariant(os: string, written: string, given: string | undefined): Platform {
  const architecture = ARCHITECTURES[written] ?? written;
  const implied = written === 'armel' ? 'v6' : architecture === 'arm' ? 'v7' : undefined;
  const variant = architecture === 'arm64' && given === 'v8' ? undefined : (given ?? implied);
  return { os, architecture, ...(variant && { variant }) };
}

function hostArchitecture(): string {
  return process.arch === 'x64' ? 'amd64' : process.arch;
}
