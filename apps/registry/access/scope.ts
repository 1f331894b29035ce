import { ACTIONS, type Action, type Need } from './model.ts';

/** What a token gives, as in its claim `access` (distribution-spec token authentication). */
export interface Grant {
  type: 'repository' | 'registry';
  name: string;
  /** `pull`, `push`, `delete`, `*`. */
  actions: string[];
}

const SCOPES_MAX = 64;
const LENGTH_MAX = 16 * 1024;
const NAME = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*$/;

/** A scope as challenges write it. */
export function scopeOf(needs: readonly Need[]): string {
  const actions = new Map<string, Set<string>>();
  for (const need of needs) {
    const [key, action] =
      need === 'catalog' ? ['registry:catalog', '*'] : [`repository:${need.repository}`, need.action];
    const known = actions.get(key) ?? new Set();
    actions.set(key, known.add(action));
  }
  return [...actions].map(([key, wanted]) => `${key}:${[...wanted].join(',')}`).join(' ');
}

/**
 * Reads the scopes of a token request, given as several parameters or with spaces between. What is not understood is
 * left out: a token says what it gives, and that was not given.
 */
export function parseScopes(texts: readonly string[]): Grant[] {
  if (texts.reduce((sum, text) => sum + text.length, 0) > LENGTH_MAX) return [];
  const words = texts.flatMap((text) => text.split(' ')).filter((text) => text !== '');
  return words.slice(0, SCOPES_MAX).flatMap((text): Grant[] => {
    const [, type, name = '', actions = ''] = /^(repository|registry)(?:\([^)]*\))?:(.+):([a-z*,]*)$/.exec(text) ?? [];
    if (type === 'registry') return name === 'catalog' ? [{ type, name, actions: ['*'] }] : [];
    if (type !== 'repository' || name.length > 255 || !NAME.test(name)) return [];
    return [{ type, name, actions: [...new Set(actions.split(','))] }];
  });
}

/** What of the wanted is allowed. `*` stays only where everything is. */
export function cutDown(wanted: readonly Grant[], may: (repository: string, action: Action) => boolean): Grant[] {
  return wanted.flatMap((grant) => {
    if (grant.type === 'registry') return [grant];
    const all = grant.actions.includes('*');
    const allowed = ACTIONS.filter((action) => (all || grant.actions.includes(action)) && may(grant.name, action));
    if (allowed.length === 0) return [];
    return [{ ...grant, actions: all && allowed.length === ACTIONS.length ? [...allowed, '*'] : allowed }];
  });
}

/** Whether grants give what is needed. */
export function gives(grants: readonly Grant[], need: Need): boolean {
  return grants.some(({ type, name, actions }) =>
    need === 'catalog'
      ? type === 'registry' && name === 'catalog' && actions.includes('*')
      : type === 'repository' && name === need.repository && (actions.includes(need.action) || actions.includes('*')),
  );
}
