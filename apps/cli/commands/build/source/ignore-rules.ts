import type { IgnoreRules as Rules } from '@berth/dockerfile';

/** What a walk asks of the rules of one .dockerignore. */
export type IgnoreRules = Pick<Rules, 'name' | 'verdict' | 'isPruned'>;

export const NO_RULES: IgnoreRules = {
  name: '',
  verdict: () => ({ excluded: false, rule: undefined }),
  isPruned: () => false,
};
