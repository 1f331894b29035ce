import { describe, expect, it } from 'vitest';
import { DEFAULT_CONFIG } from '../config.ts';
import { pullSources, registrySettings } from './pull-sources.ts';

const one = (mirror: string) => ({ mirrors: [mirror], fallback: true });

describe('registrySettings', () => {
  const registries = {
    '*': one('https://all'),
    '*.example.org': one('https://domain'),
    '*.eu.example.org': one('https://sub'),
    '*.example.org:5000': one('https://port'),
    'docker.io': one('https://hub'),
    'r.example.org': one('https://host'),
  };
  it.each([
    ['docker.io', 'https://hub'],
    ['r.example.org', 'https://host'],
    ['R.example.org', 'https://host'],
    ['s.example.org', 'https://domain'],
    ['a.eu.example.org', 'https://sub'],
    ['s.example.org:5000', 'https://port'],
    ['s.example.org:6000', 'https://domain'],
    ['example.org', 'https://all'],
    ['badexample.org', 'https://all'],
    ['127.0.0.1:5000', 'https://all'],
    ['[::1]:5000', 'https://all'],
  ])('%s', (domain, mirror) => {
    expect(registrySettings(domain, registries).mirrors).toEqual([mirror]);
  });

  it('of a registry that nothing is said about', () => {
    expect(registrySettings('quay.io', {})).toEqual({ mirrors: [], fallback: true });
    // Not a member of every object.
    expect(registrySettings('constructor', {})).toEqual({ mirrors: [], fallback: true });
  });
});

describe('pullSources', () => {
  const auth = { username: 'me', password: 'secret' };
  const settings = { ...DEFAULT_CONFIG, registryMirrors: ['https://old.example/'] };
  const sources = (domain: string, registries: typeof settings.registries) =>
    pullSources({ domain, path: 'team/app' }, auth, { ...settings, registries }).map(({ endpoint, ...rest }) => ({
      ...rest,
      origin: endpoint?.url.origin,
    }));

  it('are mirrors in order, without credentials, then the registry', () => {
    const registries = {
      'docker.io': { mirrors: ['https://a.example', 'http://b.example:5000/cache'], fallback: true },
    };
    expect(sources('docker.io', registries)).toEqual([
      { kind: 'mirror', name: 'https://a.example', origin: 'https://a.example', repository: 'team/app', auth: {} },
      {
        kind: 'mirror',
        name: 'http://b.example:5000/cache',
        origin: 'http://b.example:5000',
        repository: 'cache/team/app',
        auth: {},
      },
      { kind: 'mirror', name: 'https://old.example/', origin: 'https://old.example', repository: 'team/app', auth: {} },
      { kind: 'registry', name: 'docker.io', origin: undefined, repository: 'team/app', auth },
    ]);
  });

  it('name the registry in a path where the mirror serves several', () => {
    const registries = { '*': { mirrors: ['https://cache.example/v/{host}'], fallback: false } };
    expect(sources('quay.io', registries).map(({ repository }) => repository)).toEqual(['v/quay.io/team/app']);
    expect(sources('127.0.0.1:5000', registries).map(({ repository }) => repository)).toEqual([
      'v/127.0.0.1-5000/team/app',
    ]);
  });
});
