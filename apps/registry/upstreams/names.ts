import type { CheckedUpstream } from './settings.ts';

/** Which of our repositories is which of an upstream. */
export interface UpstreamNames {
  /** The upstream and its name of a repository of ours; undefined for those that are only here. */
  find(repository: string): { upstream: CheckedUpstream; remote: string } | undefined;
  /**
   * The path of a request whose client named the registry that it means (`?ns=docker.io`, as containerd does);
   * undefined where that is no upstream of ours.
   */
  withNamespace(path: string, namespace: string): string | undefined;
}

const HUB = 'registry-1.docker.io';

export function createNames(upstreams: readonly CheckedUpstream[]): UpstreamNames {
  const longestFirst = [...upstreams].sort((a, b) => b.prefix.length - a.prefix.length);
  return {
    find: (repository) => {
      for (const upstream of longestFirst) {
        const { prefix, url } = upstream;
        if (prefix !== '' && !repository.startsWith(`${prefix}/`)) continue;
        const remote = prefix === '' ? repository : repository.slice(prefix.length + 1);
        return { upstream, remote: url.host === HUB && !remote.includes('/') ? `library/${remote}` : remote };
      }
      return undefined;
    },
    withNamespace: (path, namespace) => {
      const wanted = namespace.toLowerCase().replace(':', '-');
      const upstream = upstreams.find(
        ({ prefix, url }) => prefix === wanted || (prefix === '' && isOf(url, namespace)),
      );
      if (upstream === undefined || !path.startsWith('/v2/')) return undefined;
      const rest = path.slice('/v2/'.length);
      if (rest === '' || rest === '_catalog' || upstream.prefix === '') return path;
      return `/v2/${upstream.prefix}/${rest}`;
    },
  };
}

function isOf(url: URL, namespace: string): boolean {
  return url.host === namespace || (url.host === HUB && namespace === 'docker.io');
}
