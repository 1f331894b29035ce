import { expect, it } from 'vitest';
import { wantsPull } from './pull.ts';

const HOUR = 3_600_000;
const image = (ageHours: number) => ({ id: 'sha256:x', taggedAt: -ageHours * HOUR });

it.each([
  ['', undefined, undefined, true],
  ['', undefined, image(1), false],
  ['always', undefined, image(0), true],
  ['never', undefined, undefined, false],
  ['build', undefined, undefined, false],
  ['missing', undefined, image(1000), false],
  ['if_not_present', undefined, undefined, true],
  ['daily', undefined, image(23), false],
  ['daily', undefined, image(25), true],
  ['weekly', undefined, image(25), false],
  ['weekly', undefined, image(24 * 8), true],
  ['every_12h', undefined, image(11), false],
  ['every_12h', undefined, image(13), true],
  ['refresh', '2h', image(1), false],
  ['refresh', '2h', image(3), true],
])('pull_policy %j with pull_refresh_after %j', (policy, after, present, wanted) => {
  expect(wantsPull(policy, after, present, 0)).toBe(wanted);
});

it('an unknown policy is refused', () => {
  expect(() => wantsPull('sometimes', undefined, image(1), 0)).toThrow('invalid pull policy: sometimes');
});
