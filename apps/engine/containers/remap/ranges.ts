import { readFileSync } from 'node:fs';
import { BerthError } from '@berth/kit';
import type { IdRange } from '../../linux/user-namespace.ts';

/** Which ids of the host the users and groups of containers are. */
export interface Ranges {
  users: IdRange;
  groups: IdRange;
}

/** The files that say whose subordinate ids are which (subuid(5)); others for tests. */
export interface AccountFiles {
  passwd: string;
  group: string;
  subuid: string;
  subgid: string;
}

const FILES: AccountFiles = {
  passwd: '/etc/passwd',
  group: '/etc/group',
  subuid: '/etc/subuid',
  subgid: '/etc/subgid',
};
/** What Docker calls the user of `default`. */
const DEFAULT_USER = 'dockremap';

/**
 * What the setting `userns-remap` means here: `USER`, `USER:GROUP` (names or numbers) or `default`.
 * Errors: invalid, when there is no such user or group, or it has no subordinate ids.
 */
export function readRanges(setting: string, files: AccountFiles = FILES): Ranges {
  const [user = '', group = user] = (setting === 'default' ? DEFAULT_USER : setting).split(':');
  return {
    users: rangeOf('user', user, files.passwd, files.subuid),
    groups: rangeOf('group', group, files.group, files.subgid),
  };
}

function rangeOf(kind: 'user' | 'group', given: string, accounts: string, subordinates: string): IdRange {
  const account = lines(accounts).find(([name, , id]) => name === given || id === given);
  const hint = `Make it: useradd --system ${DEFAULT_USER} && usermod --add-subuids 100000-165535 --add-subgids 100000-165535 ${DEFAULT_USER}`;
  if (account === undefined)
    throw new BerthError('invalid', `userns-remap: the ${kind} "${given}" does not exist on this host`, { hint });
  const [name, , id] = account;
  const range = lines(subordinates).find(([owner]) => owner === name || owner === id);
  const first = Number(range?.[1]);
  const count = Number(range?.[2]);
  if (!Number.isInteger(first) || !Number.isInteger(count) || count < 1)
    throw new BerthError('invalid', `userns-remap: the ${kind} "${name}" has no range of its own in ${subordinates}`, {
      hint,
    });
  return { first, count };
}

function lines(file: string): string[][] {
  try {
    return readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line.trim() !== '' && !line.startsWith('#'))
      .map((line) => line.trim().split(':'));
  } catch {
    return []; // a host without this file has nobody in it
  }
}
