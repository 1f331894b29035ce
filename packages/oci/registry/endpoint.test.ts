import { describe, expect, it } from 'vitest';
import { endpointsOf, isLoopback } from './endpoint.ts';

const urls = (domain: string, insecure: string[] = []) => endpointsOf(domain, insecure).map(({ url }) => url.href);

describe('endpointsOf', () => {
  it('sends docker.io to the hub’s registry host, TLS only', () => {
    expect(endpointsOf('docker.io', [])).toEqual([{ url: new URL('https://registry-1.docker.io/'), insecure: false }]);
  });

  it.each(['ghcr.io', 'reg.lan:5000', '10.0.0.1:5000', '[2001:db8::1]:5000', 'localhost.example.com', '128.0.0.1'])(
    'allows TLS only for %s',
    (domain) => expect(urls(domain)).toEqual([`https://${domain}/`]),
  );

  it.each(['localhost:5000', '127.0.0.1:5000', '127.9.9.9', '[::1]:5000', 'a.localhost'])(
    'tries TLS and then plain HTTP for %s',
    (domain) => {
      expect(urls(domain)).toEqual([`https://${domain}/`, `http://${domain}/`]);
      expect(endpointsOf(domain, []).every(({ insecure }) => insecure)).toBe(true);
    },
  );

  it('knows declared hosts and ranges, and only those', () => {
    const declared = ['reg.lan:5000', 'Plain.Lan', '10.0.0.0/8', 'fd00::/8'];
    expect(urls('reg.lan:5000', declared)).toHaveLength(2);
    expect(urls('plain.lan', declared)).toHaveLength(2);
    expect(urls('10.1.2.3:5000', declared)).toHaveLength(2);
    expect(urls('[fd00::1]', declared)).toHaveLength(2);
    expect(urls('reg.lan', declared)).toHaveLength(1);
    expect(urls('reg.lan:5001', declared)).toHaveLength(1);
    expect(urls('11.0.0.1', declared)).toHaveLength(1);
    expect(urls('10.evil.example', declared)).toHaveLength(1);
  });

  it('refuses what is no host and what is no range', () => {
    for (const host of ['user@evil', 'a/b', 'a?b', 'a#b', ' ', 'a:b:c'])
      expect(() => endpointsOf(host, [])).toThrow(/invalid registry host/);
    for (const range of ['10.0.0.0/33', 'x/8', '10.0.0.0/'])
      expect(() => endpointsOf('10.0.0.1', [range])).toThrow(/invalid range/);
  });

  it('judges the address that will be dialled, however it is spelled', () => {
    expect(isLoopback(new URL('http://2130706433/').hostname)).toBe(true);
    expect(isLoopback(new URL('http://127.1/').hostname)).toBe(true);
    expect(isLoopback('127.0.0.1.evil.example')).toBe(false);
    expect(isLoopback('localhost.')).toBe(false);
  });
});
