import { expect, test } from 'vitest';
import type { PublishedPort } from '../model.ts';
import { elementsOfPorts, identityOf, parseElements } from './port-elements.ts';

const port = (hostIp: string, hostPort: number, more: Partial<PublishedPort> = {}): PublishedPort => ({
  hostIp,
  hostPort,
  containerPort: 80,
  protocol: 'tcp',
  ...more,
});

test('a port on all addresses and one on a certain address are elements of two maps', () => {
  const elements = elementsOfPorts(
    [port('0.0.0.0', 8080), port('::', 8080), port('127.0.0.1', 53, { protocol: 'udp', containerPort: 5353 })],
    { ipv4: '172.17.0.2', ipv6: '' },
    'a'.repeat(64),
  );
  expect(elements.map(identityOf)).toEqual(['pub4 06.1f90 ac110002.0050', 'pub4a 7f000001.11.0035 ac110002.14e9']);
  expect(elements[0]!.comment).toBe('aaaaaaaaaaaa');
});

test('what nft lists is read back as what was written', () => {
  // As nft 1.0.6 gives it; elements without a comment are not wrapped, protocols without a name are numbers.
  const listing = [
    { metainfo: {} },
    {
      map: {
        name: 'pub4a',
        elem: [
          [
            { elem: { val: { concat: ['127.0.0.1', 'udp', 53] }, comment: 'aaaaaaaaaaaa' } },
            { concat: ['172.17.0.2', 5353] },
          ],
          [{ concat: ['10.0.0.1', 132, 9] }, { concat: ['172.17.0.2', 9] }],
        ],
      },
    },
  ];
  const ports = [
    port('127.0.0.1', 53, { protocol: 'udp', containerPort: 5353 }),
    port('10.0.0.1', 9, { protocol: 'sctp', containerPort: 9 }),
  ];
  expect(parseElements('pub4a', listing).map(identityOf)).toEqual(
    elementsOfPorts(ports, { ipv4: '172.17.0.2', ipv6: '' }, 'id').map(identityOf),
  );
  expect(parseElements('pub4', listing)).toEqual([]);
  expect(parseElements('pub4', [{ map: { name: 'pub4' } }])).toEqual([]);
});

test('a container without an IPv4 address has no elements', () => {
  expect(elementsOfPorts([port('0.0.0.0', 1)], { ipv4: '', ipv6: '' }, 'id')).toEqual([]);
});
