import { describe, expect, test } from 'vitest';
import { createEventFilter } from './filter.ts';
import type { EngineEvent } from './model.ts';
import { wireEvent } from './wire.ts';

const event = (wish: Partial<EngineEvent>): EngineEvent => ({
  type: 'container',
  action: 'start',
  actorId: 'abcdef',
  attributes: { name: 'web', image: 'registry:5000/nginx:1', tier: 'front' },
  timeNano: 1_700_000_000_123_456_789n,
  ...wish,
});

describe('filters', () => {
  test.each<[string, Record<string, string[]>, boolean]>([
    ['nothing wished', {}, true],
    ['type', { type: ['container'] }, true],
    ['other type', { type: ['image', 'network'] }, false],
    ['event', { event: ['stop', 'start'] }, true],
    ['other event', { event: ['stop'] }, false],
    ['id prefix', { container: ['abc'] }, true],
    ['name prefix', { container: ['we'] }, true],
    ['other name', { container: ['db'] }, false],
    ['image', { image: ['registry:5000/nginx:1'] }, true],
    ['image without tag', { image: ['registry:5000/nginx'] }, true],
    ['other image', { image: ['nginx'] }, false],
    ['label', { label: ['tier=front'] }, true],
    ['label by name', { label: ['tier'] }, true],
    ['other label', { label: ['tier', 'x'] }, false],
    ['scope', { scope: ['local'] }, true],
    ['other scope', { scope: ['swarm'] }, false],
    ['all at once', { type: ['container'], event: ['start'], label: ['tier'] }, true],
  ])('%s', (_name, filters, wanted) => expect(createEventFilter(filters)(event({}))).toBe(wanted));

  test('actions with details are found by their first word', () => {
    const exec = event({ action: 'exec_create: sh -c true' });
    expect(createEventFilter({ event: ['exec_create'] })(exec)).toBe(true);
    expect(createEventFilter({ event: ['exec_start'] })(exec)).toBe(false);
    expect(createEventFilter({ event: ['sta'] })(event({}))).toBe(false);
  });

  test('images are found by their own name', () => {
    const pulled = event({ type: 'image', actorId: 'nginx:1', attributes: { name: 'nginx' } });
    expect(createEventFilter({ image: ['nginx'] })(pulled)).toBe(true);
  });

  test('an unknown filter is refused', () => {
    expect(() => createEventFilter({ nonsense: ['x'] })).toThrow("invalid filter 'nonsense'");
  });
});

describe('the wire', () => {
  test('a container has the older fields too, and exact nanoseconds', () => {
    expect(wireEvent(event({}))).toBe(
      '{"status":"start","id":"abcdef","from":"registry:5000/nginx:1","Type":"container","Action":"start",' +
        '"Actor":{"ID":"abcdef","Attributes":{"name":"web","image":"registry:5000/nginx:1","tier":"front"}},' +
        '"scope":"local","time":1700000000,"timeNano":1700000000123456789}',
    );
  });

  test('a network has not', () => {
    expect(JSON.parse(wireEvent(event({ type: 'network', attributes: {} })))).not.toHaveProperty('status');
  });
});
