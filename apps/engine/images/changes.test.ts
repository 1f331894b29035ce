import { expect, test } from 'vitest';
import { applyChanges } from './changes.ts';

test('instructions as the Dockerfile has them', () => {
  const config = applyChanges({ Env: ['PATH=/bin', 'A=old'], Labels: { a: '1' } }, [
    'CMD ["sh", "-c", "x"]',
    'ENTRYPOINT echo hi',
    'ENV A=new B=\'two words\' C="say \\"x\\""',
    'ENV OLD form of it',
    'EXPOSE 80 53/udp 8000-8010',
    'LABEL b=2 "c d"="e f"',
    'ONBUILD RUN x',
    'STOPSIGNAL SIGINT',
    'USER nobody:nogroup',
    'VOLUME ["/a", "/b c"]',
    'VOLUME /d /e',
    'WORKDIR /w',
    'workdir sub',
  ]);
  expect(config).toEqual({
    Cmd: ['sh', '-c', 'x'],
    Entrypoint: ['/bin/sh', '-c', 'echo hi'],
    Env: ['PATH=/bin', 'A=new', 'B=two words', 'C=say "x"', 'OLD=form of it'],
    ExposedPorts: { '80/tcp': {}, '53/udp': {}, '8000-8010/tcp': {} },
    Labels: { a: '1', b: '2', 'c d': 'e f' },
    OnBuild: ['RUN x'],
    StopSignal: 'SIGINT',
    User: 'nobody:nogroup',
    Volumes: { '/a': {}, '/b c': {}, '/d': {}, '/e': {} },
    WorkingDir: '/w/sub',
  });
});

test.each(['RUN x', 'COPY a b', 'CMD', '', 'ENV', 'ENV A', 'ENV =x', 'EXPOSE x', 'EXPOSE 80/x', 'constructor x'])(
  'refuses %j',
  (change) => {
    expect(() => applyChanges({}, [change])).toThrow(expect.objectContaining({ code: 'invalid' }));
  },
);

test('what it is given stays as it was', () => {
  const before = { Env: ['A=b'] };
  applyChanges(before, ['ENV A=c']);
  expect(before).toEqual({ Env: ['A=b'] });
});
