import type { CorpusCase } from './case.ts';

const of = (...lines: string[]) => ['FROM base:test', ...lines].join('\n');

/** What instructions write into the configuration. */
export const SETTINGS: CorpusCase[] = [
  {
    name: 'variables',
    dockerfile: of(
      'ENV A=1 B="two words" C=\'$A\' D=e\\ f',
      'ENV G $A and $B',
      'ENV A=2 H=$A',
      'ENV I=${A}x J="\\"q\\"" K=',
    ),
  },
  {
    name: 'forms of expansion',
    dockerfile: of(
      'ENV a=1 e=',
      'ENV b=${a:-x} c=${n:-x} d=${e:-x} f=${a:+y} g=${n:+y} h=\\$a i=\\${a} j=$a-$a k=${a}${a}',
    ),
  },
  { name: 'PATH', dockerfile: of('ENV PATH=/opt/bin:$PATH') },
  {
    name: 'labels',
    dockerfile: of(
      'LABEL a=1 "b c"="d e" f.g=\'h\'',
      'LABEL i j k',
      'LABEL a=2 x=$HOME$NO',
      'LABEL multi="line one \\',
      'line two"',
    ),
  },
  { name: 'ports', dockerfile: of('ENV p=90', 'EXPOSE 80 81/udp $p ${p}1/tcp', 'EXPOSE 100-102') },
  { name: 'volumes', dockerfile: of('ENV v=/d', 'VOLUME /a /b', 'VOLUME ["/c", "$v"]') },
  {
    name: 'files in a volume',
    dockerfile: of('RUN mkdir /v && echo 1 > /v/a', 'VOLUME /v', 'RUN echo 2 > /v/b', 'COPY f /v/c'),
    files: { f: 'x' },
    differs: { classic: { 'v/b': 'the classic builder drops what RUN writes into a volume' } },
  },
  { name: 'a command', dockerfile: of('CMD echo a  $B "c d"') },
  { name: 'a command in exec form', dockerfile: of('CMD ["echo", "a \\" b", "$C"]') },
  { name: 'a command that is no JSON', dockerfile: of("CMD ['echo', 'a']") },
  { name: 'an empty command', dockerfile: of('CMD []') },
  { name: 'an entrypoint drops the command of the base', dockerfile: of('ENTRYPOINT ["/bin/echo"]') },
  { name: 'an entrypoint and a command', dockerfile: of('CMD ["a"]', 'ENTRYPOINT ["/bin/echo"]', 'CMD ["b"]') },
  { name: 'an entrypoint of the shell', dockerfile: of('ENTRYPOINT exec top -b', 'CMD ["x"]') },
  { name: 'no entrypoint', dockerfile: of('ENTRYPOINT ["a"]', 'ENTRYPOINT []', 'CMD ["b"]') },
  { name: 'another shell', dockerfile: of('SHELL ["/bin/busybox", "sh", "-c"]', 'CMD a', 'ENTRYPOINT b') },
  {
    name: 'a health check',
    dockerfile: of(
      'HEALTHCHECK --interval=1m30s --timeout=500ms --start-period=2s --retries=4 CMD wget -q localhost || exit 1',
    ),
  },
  {
    name: 'a health check in exec form',
    dockerfile: of('HEALTHCHECK CMD ["true"]', 'HEALTHCHECK --interval=5s CMD ["false", "$x"]'),
  },
  { name: 'no health check', dockerfile: of('HEALTHCHECK CMD true', 'HEALTHCHECK NONE') },
  { name: 'a signal', dockerfile: of('ENV s=QUIT', 'STOPSIGNAL SIG$s') },
  { name: 'a user', dockerfile: of('ARG u=nobody', 'USER $u:nogroup') },
  { name: 'a folder', dockerfile: of('ENV d=/opt', 'WORKDIR $d/app', 'WORKDIR ./x/../y/') },
  { name: 'an author', dockerfile: of('MAINTAINER Some Body <some@body.example>', 'RUN true') },
  { name: 'triggers', dockerfile: of('ONBUILD RUN echo $A  > /x', 'ONBUILD copy --chown=1 a b', 'ONBUILD ENV A=b') },
  {
    name: 'an argument that was passed',
    dockerfile: of('ARG A=default', 'ARG B', 'ARG C=c', 'ENV X=$A Y=$B Z=${C}', 'RUN echo $A $B $C > /said'),
    args: ['--build-arg', 'A=passed', '--build-arg', 'B=x y'],
  },
  {
    name: 'an argument that ENV hides',
    dockerfile: of('ARG A=arg', 'ENV A=env', 'RUN echo $A > /said'),
    args: ['--build-arg', 'A=passed'],
  },
  {
    name: 'an argument after ENV',
    dockerfile: of('ENV A=env', 'ARG A=arg', 'RUN echo $A > /said'),
    differs: {
      buildkit: { said: 'BuildKit lets ARG win where it stands later; the reference and the classic builder let ENV' },
    },
  },
  { name: 'a proxy', dockerfile: of('RUN echo $http_proxy > /said'), args: ['--build-arg', 'http_proxy=http://p:1'] },
  {
    name: 'platform arguments',
    dockerfile: of('ARG TARGETOS', 'ARG TARGETPLATFORM', 'RUN echo $TARGETOS $TARGETPLATFORM $TARGETARCH > /said'),
    only: ['buildkit'],
  },
  { name: 'labels of the request', dockerfile: of('LABEL a=1 b=2'), args: ['--label', 'b=3', '--label', 'c=d e'] },
  {
    name: 'comments, cases and blank lines',
    dockerfile: '# a\n\n  from base:test\n# b\n\nEnv A=1#c B=2\nrUn true\n   cmd x',
  },
];
