import type { ConfigFile } from '../../../config-file.ts';

const VARIABLES: Record<string, string> = {
  httpProxy: 'HTTP_PROXY',
  httpsProxy: 'HTTPS_PROXY',
  noProxy: 'NO_PROXY',
  ftpProxy: 'FTP_PROXY',
  allProxy: 'ALL_PROXY',
};

/** Proxy variables of config.json for this engine, upper and lower case, except those that the user set. */
export function proxyEnv(config: ConfigFile, host: string, given: readonly string[]): string[] {
  const proxies = config.proxies?.[host] ?? config.proxies?.default ?? {};
  const set = new Set(given.map((text) => text.split('=')[0] ?? ''));
  return Object.entries(proxies).flatMap(([key, value]) => {
    const name = VARIABLES[key];
    if (!name || !value) return [];
    // Upper and lower case are two variables, also where only one of them was set.
    return [name, name.toLowerCase()].filter((one) => !set.has(one)).map((one) => `${one}=${value}`);
  });
}
