import { json, type Route } from './route.ts';

/** True answers about nouns of which this engine has none yet: lists are empty. Each goes when its noun comes. */
export function nothingYetRoutes(): Route[] {
  return [{ method: 'GET', permission: 'read', path: '/plugins', name: 'plugin.list', handler: () => json(200, []) }];
}
