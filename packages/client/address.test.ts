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
  ])('%s', (text, shown) => {
    expect(formatAddress(parseAddress(text, undefined))).toBe(shown);
  });

  it('takes another port with TLS', () => {
    expect(formatAddress(parseAddress('tcp://host', TLS))).toBe('tcp://host:2376');
  });

  it.each(['unix://', 'tcp://', 'tcp://host:0', 'tcp://host:70000', 'foo://x', 'tcp://a b:1', ''])(
    'refuses %s',
    (text) => {
      expect(() => parseAddress(text, undefined)).toThrow('unable to parse docker host');
    },
  );

  it.each(['ssh://host', 'npipe:////./pipe/x', 'fd://'])('says that %s is not supported', (text) => {
    expect(() => parseAddress(text, undefined)).toThrow('is not supported');
  });
});
