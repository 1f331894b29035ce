import type { Descriptor, Platform } from '@berth/oci';
import { describe, expect, it } from 'vitest';
import { formatPlatform, hostPlatform, parsePlatform, platformMatches, selectManifest } from './pull-platform.ts';

const of = (text: string): Platform => {
  const [os = '', architecture = '', variant] = text.split('/');
  return { os, architecture, ...(variant === undefined ? {} : { variant }) };
};
const index = (...platforms: (string | undefined)[]): Descriptor[] =>
  platforms.map((platform, size) => ({
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    digest: `sha256:${'0'.repeat(64)}`,
    size,
    ...(platform === undefined ? {} : { platform: of(platform) }),
  }));
const chosen = (wanted: string, ...platforms: (string | undefined)[]) =>
  selectManifest(index(...platforms), parsePlatform(wanted))?.size;

describe('platforms', () => {
  it.each([
    ['linux/amd64', 'linux/amd64'],
    ['linux/x86_64', 'linux/amd64'],
    ['LINUX/AMD64', 'linux/amd64'],
    ['linux/arm64/v8', 'linux/arm64'],
    ['linux/aarch64', 'linux/arm64'],
    ['linux/arm', 'linux/arm/v7'],
    ['linux/arm/6', 'linux/arm/v6'],
    ['armhf', 'linux/arm/v7'],
    ['arm64', 'linux/arm64'],
    ['{"os":"linux","architecture":"arm","variant":"v6"}', 'linux/arm/v6'],
    ['windows', `windows/${hostPlatform().architecture}`],
  ])('reads %s', (text, wanted) => expect(formatPlatform(parsePlatform(text))).toBe(wanted));

  it.each(['', 'a/b/c/d', 'linux/', 'linux/amd 64', '../x', `linux/${'x'.repeat(65)}`])('refuses %j', (text) =>
    expect(() => parsePlatform(text)).toThrow(/unknown operating system or architecture/),
  );

  it.each(['{', '{}', '{"os":1,"architecture":"x"}'])('refuses %s', (text) =>
    expect(() => parsePlatform(text)).toThrow('failed to parse platform'),
  );

  it('names this host as images do', () => {
    expect(hostPlatform('x64')).toEqual({ os: 'linux', architecture: 'amd64' });
    expect(hostPlatform('arm64')).toEqual({ os: 'linux', architecture: 'arm64' });
  });

  it('chooses the entry of an index', () => {
    expect(chosen('linux/amd64', undefined, 'unknown/unknown', 'linux/arm64', 'linux/amd64', 'linux/amd64')).toBe(3);
    expect(chosen('linux/arm64', 'linux/amd64', 'linux/arm64/v8')).toBe(1);
    expect(chosen('linux/s390x', 'linux/amd64', 'windows/s390x')).toBeUndefined();
    expect(chosen('linux/amd64', 'linux/amd64/v3')).toBeUndefined();
  });

  it('takes older variants of 32-bit ARM, the newest first, and never newer ones', () => {
    expect(chosen('linux/arm/v7', 'linux/arm/v5', 'linux/arm/v6')).toBe(1);
    expect(chosen('linux/arm/v6', 'linux/arm/v7', 'linux/arm/v5')).toBe(1);
    expect(chosen('linux/arm/v5', 'linux/arm/v7', 'linux/arm/v6')).toBeUndefined();
    expect(platformMatches(of('linux/arm'), of('linux/arm/v7'))).toBe(true);
  });
});
