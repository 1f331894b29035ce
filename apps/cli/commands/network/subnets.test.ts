import { expect, test } from 'vitest';
import { readSubnets, type SubnetFlags } from './subnets.ts';

const read = (flags: Partial<SubnetFlags>) => readSubnets({ subnets: [], ranges: [], gateways: [], aux: {}, ...flags });

test('ranges, gateways and further addresses go to the subnets that they lie in', () => {
  expect(
    read({
      ...{ subnets: ['10.1.0.0/16', 'fd00:1::/64'], ranges: ['10.1.7.0/24'], gateways: ['fd00:1::9', '10.1.0.9'] },
      aux: { a: '10.1.7.1', b: 'fd00:1::7', c: '10.1.7.2' },
    }),
  ).toEqual([
    {
      Subnet: '10.1.0.0/16',
      IPRange: '10.1.7.0/24',
      Gateway: '10.1.0.9',
      AuxiliaryAddresses: { a: '10.1.7.1', c: '10.1.7.2' },
    },
    { Subnet: 'fd00:1::/64', Gateway: 'fd00:1::9', AuxiliaryAddresses: { b: 'fd00:1::7' } },
  ]);
});

test.each<[Partial<SubnetFlags>, string]>([
  [{ gateways: ['10.0.0.1'] }, 'every ip-range or gateway must have a corresponding subnet'],
  [{ subnets: ['10.0.0.0/8', '10.1.0.0/16'] }, 'multiple overlapping subnet configuration is not supported'],
  [{ subnets: ['10.0.0.0/24'], gateways: ['10.0.1.1'] }, 'no matching subnet for gateway 10.0.1.1'],
  [{ subnets: ['10.0.0.0/24'], ranges: ['fd00::/64'] }, 'no matching subnet for range fd00::/64'],
  [{ subnets: ['10.0.0.0/24'], aux: { x: '1.2.3.4' } }, 'no matching subnet for aux-address 1.2.3.4'],
  [{ subnets: ['10.0.0.0/x', '10.0.0.0/24'] }, 'invalid CIDR address: 10.0.0.0/x'],
])('%j: %s', (flags, sentence) => {
  expect(() => read(flags)).toThrow(sentence);
});
