import { BerthError } from '@berth/kit';

/** Which ids of the host stand for those of a tree: id 0 there is `first` here. */
export interface OwnerMap {
  users: { first: number; count: number };
  groups: { first: number; count: number };
}

export interface Owner {
  uid: number;
  gid: number;
}

/** What the kernel shows for ids that a namespace does not have (overflowuid). */
const NOBODY = 65_534;

/** Owners of a tree as the host has them. Errors: invalid for ids that the tree cannot have. */
export function toHost(map: OwnerMap | undefined, { uid, gid }: Owner): Owner {
  if (map === undefined) return { uid, gid };
  return { uid: shifted(map.users, uid), gid: shifted(map.groups, gid) };
}

/** Owners on the host as the tree has them. */
export function fromHost(map: OwnerMap | undefined, { uid, gid }: Owner): Owner {
  if (map === undefined) return { uid, gid };
  return { uid: back(map.users, uid), gid: back(map.groups, gid) };
}

function shifted({ first, count }: OwnerMap['users'], id: number): number {
  if (id < count) return first + id;
  throw new BerthError('invalid', `id ${id} is not one of the ${count} ids that the container's user namespace has`);
}

function back({ first, count }: OwnerMap['users'], id: number): number {
  return id >= first && id < first + count ? id - first : NOBODY;
}
