import { describe, expect, it } from 'vitest';
import { formatAddress, parseAddress } from './address.ts';

const TLS = { ca: undefined, cert: undefined, key: undefined, verify: true };

describe('engine addresses', () => {
  it.each([
    ['unix:///run/berth/berth.sock', 'unix:///run/berth/berth.sock'],
    ['tcp://127.0.0.1:2375', 'tcp://127.0.0.1:2375'],
    ['tcp://localhost', 'tcp://localhost:2375'],
    ['tcp://[::1]:99', 'tcp://[::1]:99'],
    ['127.0.0.1:2375', 'tcp://127.0.0.1:2375'],
    ['http://host:80/', 'tcp://host:80'],
    [':1', 'tcp://localhost:1'],
    ['tcp://', 'tcp://localhost:2375'],
    ['tcp://host:1/prefix/', 'tcp://host:1/prefix'],
    ['https://host', 'tcp://host:2376'],
    ['ssh://host', 'ssh://host'],
    ['ssh://me@host:22/run/x.sock', 'ssh://me@host:22/run/x.sock'],
    ['ssh://[::1]:22', 'ssh://[::1]:22'],
  ])('%s', (text, shown) => {
    expect(formatAddress(parseAddress(text, undefined))).toBe(shown);
  });

  it('takes another port with TLS', () => {
    expect(formatAddress(parseAddress('tcp://host', TLS))).toBe('tcp://host:2376');
  });

  it.each(['unix://', 'tcp://host:0', 'tcp://host:70000', 'foo://x', 'tcp://a b:1', ''])('refuses %s', (text) => {
    expect(() => parseAddress(text, undefined)).toThrow('unable to parse docker host');
  });

  it.each(['npipe:////./pipe/x', 'fd://'])('says that %s is not supported', (text) => {
    expect(() => parseAddress(text, undefined)).toThrow('is not supported');
  });

  it.each([
    ['ssh://', 'hostname is empty'],
    ['ssh://me:secret@host', 'plain-text password is not supported'],
    ['ssh://host/a?b', 'query parameters are not allowed: "b"'],
    ['ssh://host#b', 'fragments are not allowed: "b"'],
    ['ssh://-oProxyCommand=evil', 'is no address'],
    ['ssh://-oProxyCommand=evil@host', 'is no address'],
    ['ssh://ho st', 'is no address'],
  ])('refuses %s: %s', (text, why) => {
    expect(() => parseAddress(text, undefined)).toThrow(why);
  });
});
