/** Highest version of the Engine API that is spoken. */
export const API_VERSION = '1.50';
/** Lowest version of the Engine API that is spoken. */
export const MIN_API_VERSION = '1.24';

/** Negative, 0 or positive, as `a` is older than, equal to or newer than `b`; missing parts count as 0. */
export function compareApiVersions(a: string, b: string): number {
  const left = a.split('.');
  const right = b.split('.');
  for (let part = 0; part < Math.max(left.length, right.length); part++) {
    const difference = Number(left[part] ?? 0) - Number(right[part] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** True when `version` is `minimum` or newer: for answers that changed with a version. */
export function atLeastApi(version: string, minimum: string): boolean {
  return compareApiVersions(version, minimum) >= 0;
}

/** Docker's sentence when a client's version cannot be served, or undefined when it can. */
export function refuseApiVersion(version: string): string | undefined {
  if (compareApiVersions(version, MIN_API_VERSION) < 0) {
    return `client version ${version} is too old. Minimum supported API version is ${MIN_API_VERSION}, please upgrade your client to a newer version`;
  }
  if (compareApiVersions(version, API_VERSION) > 0) {
    return `client version ${version} is too new. Maximum supported API version is ${API_VERSION}`;
  }
  return undefined;
}
