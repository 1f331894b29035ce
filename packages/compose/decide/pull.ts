import { BerthError } from '@berth/kit';
import { durationOf } from '../normalize/units.ts';
import type { SeenImage } from '../observe/observe.ts';

const PERIODS: Record<string, string> = { daily: '1d', weekly: '1w' };

/** Whether an image is pulled, by the policy of a service or of `--pull`. `now` in milliseconds. Throws 'invalid' for an unknown policy. */
export function wantsPull(
  policy: string,
  refreshAfter: string | undefined,
  image: SeenImage | undefined,
  now: number,
): boolean {
  if (policy === 'never' || policy === 'build') return false;
  if (policy === 'always') return true;
  if (!image) return true;
  if (['', 'policy', 'missing', 'if_not_present'].includes(policy)) return false;
  const period = PERIODS[policy] ?? (policy === 'refresh' ? (refreshAfter ?? '1d') : /^every_(.+)$/.exec(policy)?.[1]);
  const nanoseconds = period === undefined ? undefined : durationOf(period);
  if (nanoseconds === undefined)
    throw new BerthError('invalid', `invalid pull policy: ${policy}`, {
      hint: 'Accepted are always, never, missing, if_not_present, build, daily, weekly, every_DURATION.',
    });
  return image.taggedAt === undefined || now - image.taggedAt > nanoseconds / 1e6;
}
