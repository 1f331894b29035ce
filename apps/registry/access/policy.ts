import { BerthError } from '@berth/kit';
import { ACTIONS, type Action } from './model.ts';
import { parsePattern, type RepositoryPattern } from './pattern.ts';

/** A rule as it is written in the configuration. What no rule gives is refused. */
export interface RuleText {
  /** Names of users; `*` is every user who is logged in, `anonymous` anybody at all. */
  who: readonly string[];
  /** Patterns, see `parsePattern`. */
  repositories: readonly string[];
  /** `pull`, `push`, `delete`. */
  may: readonly string[];
}

/** Who may what. */
export interface Policy {
  may(user: string | undefined, repository: string, action: Action): boolean;
  /** Whether there is anything that somebody without a name may do. */
  readonly opensToAnybody: boolean;
}

interface Rule {
  everybody: boolean;
  everyUser: boolean;
  users: ReadonlySet<string>;
  repositories: readonly RepositoryPattern[];
  may: ReadonlySet<Action>;
}

/** Anybody at all, in `who`. */
export const ANYBODY = 'anonymous';
const EVERY_USER = '*';

/** Reads rules; several add up. Errors: invalid, naming the rule. */
export function createPolicy(texts: readonly RuleText[]): Policy {
  const rules = texts.map(parseRule);
  return {
    may: (user, repository, action) =>
      rules.some(
        (rule) =>
          rule.may.has(action) &&
          (rule.everybody || (user !== undefined && (rule.everyUser || rule.users.has(user)))) &&
          rule.repositories.some((means) => means(repository, user)),
      ),
    opensToAnybody: rules.some(({ everybody, may }) => everybody && may.size > 0),
  };
}

/** The rule of a registry that was given none: whoever is logged in may everything. */
export const USERS_MAY_ALL: RuleText = { who: [EVERY_USER], repositories: ['**'], may: ACTIONS };
/** The rule of a registry without users. */
export const ANYBODY_MAY_ALL: RuleText = { who: [ANYBODY], repositories: ['**'], may: ACTIONS };

function parseRule({ who, repositories, may }: RuleText, index: number): Rule {
  const wrong = may.find((action) => !isAction(action));
  if (wrong !== undefined)
    throw new BerthError('invalid', `rule ${index + 1}: ${JSON.stringify(wrong)} is none of ${ACTIONS.join(', ')}`);
  if (who.length === 0 || repositories.length === 0)
    throw new BerthError('invalid', `rule ${index + 1} names ${who.length === 0 ? 'nobody' : 'no repository'}`);
  if (may.length === 0) throw new BerthError('invalid', `rule ${index + 1} gives nothing: ${ACTIONS.join(', ')}`);
  return {
    everybody: who.includes(ANYBODY),
    everyUser: who.includes(EVERY_USER),
    users: new Set(who),
    repositories: repositories.map(parsePattern),
    may: new Set(may.filter(isAction)),
  };
}

function isAction(text: string): text is Action {
  return ACTIONS.some((action) => action === text);
}
