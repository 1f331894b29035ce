import { expect, test } from 'vitest';
import { applyChanges } from './index.ts';

test('instructions as the Dockerfile has them', () => {
  const config = applyChanges({ Env: ['PATH=/bin', 'A=old'], Labels: { a: '1' } }, [
    'CMD ["sh", "-c", "x"]',
    '# a comment',
    'HEALTHCHECK --interval=1m30s --retries=2 CMD ["true"]',
    'ENTRYPOINT echo hi',
    'ENV A=new B=\'two words\' C="say \\"x\\""',
    'ENV OLD form of it',
    'EXPOSE 80 53/udp 8000-8002',
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
    ExposedPorts: { '80/tcp': {}, '53/udp': {}, '8000/tcp': {}, '8001/tcp': {}, '8002/tcp': {} },
    Healthcheck: { Test: ['CMD', 'true'], Interval: 90e9, Retries: 2 },
    Labels: { a: '1', b: '2', 'c d': 'e f' },
    OnBuild: ['RUN x'],
    StopSignal: 'SIGINT',
    User: 'nobody:nogroup',
    Volumes: { '/a': {}, '/b c': {}, '/d': {}, '/e': {} },
    WorkingDir: '/w/sub',
  });
});

test.each([
  'RUN x',
  'COPY a b',
  'HEALTHCHECK x',
  'HEALTHCHECK --x=1 NONE',
  'HEALTHCHECK NONE x',
  'HEALTHCHECK CMD',
  'ONBUILD ONBUILD X',
  'ONBUILD FROM x',
  'USER a b',
  'USER',
  'VOLUME [""]',
  'EXPOSE 9-8',
  'EXPOSE 70000',
  'HEALTHCHECK --interval=1us CMD x',
  'CMD',
  'ENV',
  'ENV A',
  'ENV =x',
  'EXPOSE x',
  'EXPOSE 80/x',
  'constructor x',
])('refuses %j', (change) => {
  expect(() => applyChanges({}, [change])).toThrow(expect.objectContaining({ code: 'invalid' }));
});

test('what it is given stays as it was', () => {
  const before = { Env: ['A=b'] };
  applyChanges(before, ['ENV A=c']);
  expect(before).toEqual({ Env: ['A=b'] });
});

test('variables of the configuration stand for their values', () => {
  const config = applyChanges({ Env: ['A=one', 'E='] }, [
    `ENV B=$A-\${A} C=\${E:-none} D=\${A:+other} F=\\$A G='$A' A=two`,
    `USER \${A}`,
    'WORKDIR /$A/$MISSING',
    `LABEL $A=\${A}`,
    `EXPOSE \${P:-80}`,
    'VOLUME /$A',
  ]);
  expect(config).toMatchObject({
    Env: ['A=two', 'E=', 'B=one-one', 'C=none', 'D=other', 'F=$A', 'G=$A'],
    User: 'two',
    WorkingDir: '/two',
    Labels: { two: 'two' },
    ExposedPorts: { '80/tcp': {} },
    Volumes: { '/two': {} },
  });
});

test('an entrypoint takes away the command of before, not one that came with it', () => {
  const before = { Cmd: ['old'] };
  expect(applyChanges(before, ['ENTRYPOINT ["e"]']).Cmd).toBeNull();
  expect(applyChanges(before, ['CMD ["new"]', 'ENTRYPOINT ["e"]']).Cmd).toEqual(['new']);
  expect(applyChanges({ Shell: ['/bin/ash', '-c'] }, ['CMD x']).Cmd).toEqual(['/bin/ash', '-c', 'x']);
});
