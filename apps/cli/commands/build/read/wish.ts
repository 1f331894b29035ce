import { type BuildWish, type Platform, parsePlatform } from '@berth/dockerfile';
import type { Context } from '../../../context.ts';
import type { FlagValues } from '../../../flags/values.ts';
import { splitPair } from '../../container/options/environment.ts';

/** What a Dockerfile is read for, from the flags of a build. */
export function buildWish(flags: FlagValues, { env }: Pick<Context, 'env'>): BuildWish {
  const args = flags.list('build-arg').flatMap((text): [string, string][] => {
    if (text.includes('=')) return [splitPair(text)];
    const value = env[text];
    return value === undefined ? [] : [[text, value]];
  });
  const own: Platform = { os: 'linux', architecture: process.arch === 'arm64' ? 'arm64' : 'amd64', variant: '' };
  const [platform] = flags.list('platform');
  return {
    target: flags.string('target'),
    buildArgs: Object.fromEntries(args),
    targetPlatform: platform ? parsePlatform(platform, own) : own,
    buildPlatform: own,
    contexts: flags.list('build-context').map((text) => splitPair(text)[0]),
  };
}
