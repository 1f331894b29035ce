import { expect, test } from 'vitest';
import { mergeImageConfig } from './merge-image-config.ts';
import { decodeCreateBody } from './parse-create-body.ts';

const own = (body: object) => decodeCreateBody({ Image: 'x', ...body }).config;
const IMAGE = {
  User: 'web',
  Env: ['PATH=/bin', 'A=image'],
  Entrypoint: ['/entry'],
  Cmd: ['serve'],
  WorkingDir: '/srv',
  ExposedPorts: { '80': {}, '53/udp': {} },
  Volumes: { '/data': {} },
  Labels: { a: '1', b: '1' },
  StopSignal: 'SIGINT',
};

test.each([
  ['nothing given', {}, ['/entry'], ['serve']],
  ['command', { Cmd: ['x'] }, ['/entry'], ['x']],
  ['entrypoint drops the command', { Entrypoint: ['/own'] }, ['/own'], null],
  ['entrypoint as one string', { Entrypoint: '/own', Cmd: ['x'] }, ['/own'], ['x']],
  ['empty entrypoint keeps the command', { Entrypoint: [] }, null, ['serve']],
  ['entrypoint of an empty string', { Entrypoint: [''], Cmd: ['x'] }, null, ['x']],
])('%s', (_, body, entrypoint, cmd) => {
  const merged = mergeImageConfig(own(body), IMAGE);
  expect([merged.Entrypoint, merged.Cmd]).toEqual([entrypoint, cmd]);
});

test('the rest joins, the container wins', () => {
  const merged = mergeImageConfig(
    own({
      Env: ['A=own', 'Z'],
      Labels: { b: '2' },
      ExposedPorts: { '8080/tcp': {} },
      Volumes: { '/x': {} },
      User: '7',
    }),
    IMAGE,
  );
  expect(merged).toMatchObject({
    Env: ['A=own', 'Z', 'PATH=/bin'],
    Labels: { a: '1', b: '2' },
    ExposedPorts: { '80/tcp': {}, '53/udp': {}, '8080/tcp': {} },
    Volumes: { '/data': {}, '/x': {} },
    User: '7',
    WorkingDir: '/srv',
    StopSignal: 'SIGINT',
  });
});

test('what is given of a healthcheck goes over the image', () => {
  const image = { Healthcheck: { Test: ['CMD', 'a'], Interval: 1e9, Retries: 'x' } };
  expect(mergeImageConfig(own({ Healthcheck: { Interval: 2e9 } }), image).Healthcheck).toEqual({
    Test: ['CMD', 'a'],
    Interval: 2e9,
  });
});
