import type { Route } from './route.ts';

/** A route and the decoded `{names}` of its path. */
export interface Match {
  route: Route;
  params: Readonly<Record<string, string>>;
}

export type Matcher = (method: string, path: string) => Match | undefined;

const NO_PARAMS: Readonly<Record<string, string>> = {};

interface Pattern {
  route: Route;
  expression: RegExp;
  names: string[];
}

/**
 * Finds the route of a decoded path without version prefix. Paths without names come first, then patterns, the one with
 * the most literal text first; they are grouped by method and first segment, so that a request tries a few only.
 */
export function createMatcher(routes: readonly Route[]): Matcher {
  const exact = new Map<string, Match>();
  const patterns = new Map<string, Pattern[]>();
  for (const route of [...routes].sort((a, b) => literalLength(b) - literalLength(a))) {
    if (!route.path.includes('{')) exact.set(`${route.method} ${route.path}`, { route, params: NO_PARAMS });
    else {
      const key = `${route.method} ${firstSegment(route.path)}`;
      patterns.set(key, [...(patterns.get(key) ?? []), compile(route)]);
    }
  }
  return (method, path) => {
    const found = exact.get(`${method} ${path}`);
    if (found !== undefined) return found;
    for (const pattern of patterns.get(`${method} ${firstSegment(path)}`) ?? []) {
      const match = pattern.expression.exec(path);
      if (match === null) continue;
      const params = Object.fromEntries(pattern.names.map((name, index) => [name, match[index + 1] ?? '']));
      return { route: pattern.route, params };
    }
    return undefined;
  };
}

function literalLength(route: Route): number {
  return route.path.replace(/\{\w+\}/g, '').length;
}

function firstSegment(path: string): string {
  const end = path.indexOf('/', 1);
  return end < 0 ? path : path.slice(0, end);
}

function compile(route: Route): Pattern {
  const names: string[] = [];
  const source = route.path
    .split(/(\{\w+\})/)
    .map((part) => {
      if (!part.startsWith('{')) return part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
      names.push(part.slice(1, -1));
      return '(.+)';
    })
    .join('');
  return { route, names, expression: new RegExp(`^${source}$`, 's') };
}
