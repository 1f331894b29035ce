import { expect, it } from 'vitest';
import type { Project } from '../model.ts';
import { createBody } from './body.ts';

const exposed = (...expose: string[]) => {
  const service = { image: 'a', expose };
  const named = { name: 'shop', workingDir: '/', files: [], envFiles: [], variables: new Map() };
  const parts = { disabled: {}, networks: {}, volumes: {}, secrets: {}, configs: {}, models: {}, extensions: {} };
  const source = { file: '', line: 0, column: 0 };
  const tree: Project['tree'] = { kind: 'map', source, entries: new Map() };
  const project: Project = { ...named, ...parts, services: { web: service }, tree };
  const facts = { project, name: 'web', service, number: 1, imageId: undefined, attachments: [] };
  const more = { style: 'current', inherited: new Map(), containerOf: () => '', manyNetworks: true } as const;
  return Object.keys(createBody({ ...facts, ...more }).ExposedPorts ?? {});
};

it('ports and ranges of them are exposed', () => {
  expect(exposed('80', '90-92/udp', '65535')).toEqual(['80/tcp', '90/udp', '91/udp', '92/udp', '65535/tcp']);
});

it.each(['1-99999999999', '65536', '9-8', 'a'])('expose: %s is refused', (text) => {
  expect(() => exposed(text)).toThrow(`invalid port in expose: "${text}"`);
});
