import { archive } from './archives.ts';
import type { CorpusCase } from './case.ts';

const PLACES = 'places of mounts stay in layers of BuildKit 20.10; today they go';
const FOLDER = 'BuildKit writes the default folder down where the base is scratch';

/** RUN and what it leaves behind. */
export const RUNS: CorpusCase[] = [
  {
    name: 'files with modes and owners',
    dockerfile: 'FROM base:test\nRUN umask 027 && mkdir /a && echo x > /a/b && chown 12:34 /a/b && chmod 4711 /a/b',
  },
  {
    name: 'files that go',
    dockerfile: 'FROM base:test\nRUN mkdir -p /a/b && echo 1 > /a/b/c && echo 2 > /a/d\nRUN rm -r /a/b /etc/group',
  },
  {
    name: 'folders that come again',
    dockerfile: 'FROM base:test\nRUN mkdir -p /a/b && echo 1 > /a/b/c\nRUN rm -r /a && mkdir /a && echo 2 > /a/new',
  },
  {
    name: 'folders that are renamed',
    dockerfile: 'FROM base:test\nRUN mkdir -p /a/b && echo 1 > /a/b/c\nRUN mv /a /z',
  },
  {
    name: 'a file in the place of a folder, and back',
    dockerfile:
      'FROM base:test\nRUN mkdir /a /l && echo 1 > /a/x && echo f > /f\nRUN rm -r /a /f && echo 2 > /a && mkdir /f && rmdir /l && ln -s /f /l',
  },
  { name: 'hard links', dockerfile: 'FROM base:test\nRUN echo 1 > /a && ln /a /b && ln /a /etc/c' },
  { name: 'a hard link to a file of the base', dockerfile: 'FROM base:test\nRUN ln /etc/passwd /etc/other' },
  { name: 'devices and fifos', dockerfile: 'FROM base:test\nRUN mknod /null c 1 3 && mkfifo -m 600 /fifo' },
  { name: 'only a mode', dockerfile: 'FROM base:test\nRUN chmod 700 /etc && chmod 600 /etc/passwd' },
  { name: 'only an owner', dockerfile: 'FROM base:test\nRUN chown 1:2 /var && chown -h 3:4 /bin/sh' },
  { name: 'nothing', dockerfile: 'FROM base:test\nRUN true' },
  {
    name: 'what variables say',
    dockerfile:
      'FROM base:test\nENV A="x y" B=\\$A\nARG C=z\nRUN echo "$A|$B|$C|$D" > /said; env | grep -E "^[ABCD]=" | sort > /env',
  },
  {
    name: 'exec form',
    dockerfile: 'FROM base:test\nENV A=1\nRUN ["cp", "/etc/passwd", "/$A"]\nRUN [ "sh", "-c", "echo $A > /b" ]',
  },
  { name: 'another shell', dockerfile: 'FROM base:test\nSHELL ["/bin/sh", "-exc"]\nRUN echo $- > /flags\nCMD true' },
  {
    name: 'as a user',
    dockerfile:
      'FROM base:test\nRUN mkdir -m 777 /w\nUSER nobody\nRUN id -u > /w/u; id -g > /w/g\nUSER 7:8\nRUN echo $(id -u):$(id -g) > /w/ug',
  },
  {
    name: 'in a folder',
    dockerfile:
      'FROM base:test\nWORKDIR /a/b\nRUN pwd > where\nWORKDIR ../c\nRUN pwd > where\nWORKDIR /etc\nRUN pwd > /where',
  },
  {
    name: 'a folder of a user',
    dockerfile: 'FROM base:test\nUSER nobody\nWORKDIR /of/nobody',
  },
  {
    name: 'lines that go on',
    dockerfile:
      'FROM base:test\nRUN echo one \\\n  # a comment\n  two \\\n\n  three > /said\nRUN echo a \\\\ b > /said2',
  },
  {
    name: 'another escape character',
    dockerfile: '# escape=`\nFROM base:test\nRUN echo a `\n  b \\ > /said\nENV P=c:\\dir',
  },
  { name: 'quotes of the shell', dockerfile: `FROM base:test\nRUN echo 'a "b" $HOME' "c 'd' $((1+1))" e\\ f > /said` },
  { name: 'tabs and CRLF', dockerfile: 'FROM base:test\r\nRUN\techo\ta \\\r\n b > /said\r\n' },
  {
    name: 'mounts leave nothing',
    dockerfile:
      'FROM base:test\nRUN --mount=type=tmpfs,target=/t --mount=type=cache,target=/c/d echo 1 > /t/x && echo 2 > /c/d/y && mount | grep -c " /t " > /said',
    only: ['buildkit'],
    differs: { buildkit: { t: PLACES, c: PLACES, 'c/d': PLACES } },
  },
  {
    name: 'files of the context by a mount',
    dockerfile: 'FROM base:test\nRUN --mount=type=bind,source=dir,target=/in cp -r /in/sub /out',
    files: { 'dir/sub/a': 'x' },
    only: ['buildkit'],
    differs: { buildkit: { in: PLACES } },
  },
  {
    name: 'files of a stage by a mount',
    dockerfile:
      'FROM base:test AS one\nRUN echo 1 > /made\nFROM base:test\nRUN --mount=from=one,target=/in cat /in/made > /out',
    only: ['buildkit'],
    differs: { buildkit: { in: PLACES } },
  },
];

/** Stages. */
export const STAGES: CorpusCase[] = [
  {
    name: 'a file of a stage',
    dockerfile:
      'FROM base:test AS one\nRUN mkdir -m 700 /d && echo 1 > /d/f && chown 5:6 /d/f && ln -s f /d/l\nFROM base:test\nCOPY --from=one /d/f /a\nCOPY --from=one /d /b',
  },
  {
    name: 'hard links of a stage',
    dockerfile:
      'FROM base:test AS one\nRUN mkdir /d && echo 1 > /d/b && ln /d/b /d/a && echo 2 > /d/c\nFROM base:test\nCOPY --from=one /d /new',
  },
  {
    name: 'capabilities of a stage',
    dockerfile: 'FROM base:test AS one\nADD a.tar /d/\nFROM base:test\nCOPY --from=one /d /new',
    files: { 'a.tar': { content: archive('plain') } },
    differs: { buildkit: { 'new/fifo': 'BuildKit 20.10 leaves pipes out; the classic builder copies them' } },
  },
  {
    name: 'stages by number',
    dockerfile:
      'FROM base:test\nRUN echo 0 > /n\nFROM base:test\nRUN echo 1 > /n\nFROM scratch\nCOPY --from=0 /n /zero\nCOPY --from=1 /n /one',
    differs: { buildkit: { 'config.WorkingDir': FOLDER } },
  },
  {
    name: 'a stage on a stage',
    dockerfile: 'FROM base:test AS one\nENV A=1\nWORKDIR /w\nRUN echo x > f\nFROM one\nRUN cat f > g && echo $A > h',
  },
  {
    name: 'a stage that nobody needs',
    dockerfile: 'FROM base:test AS one\nRUN echo 1 > /x\nFROM base:test AS two\nRUN echo 2 > /x\nFROM one\nLABEL a=b',
  },
  {
    name: 'a target',
    dockerfile: 'FROM base:test AS one\nRUN echo 1 > /x\nFROM one AS two\nRUN exit 1',
    args: ['--target', 'one'],
  },
  {
    name: 'files of an image',
    dockerfile: 'FROM scratch\nCOPY --from=base:test /etc/passwd /p\nCMD ["x"]',
    differs: { buildkit: { 'config.WorkingDir': FOLDER } },
  },
  {
    name: 'scratch',
    dockerfile: 'FROM scratch\nCOPY a /a\nENV X=y',
    files: { a: 'x' },
    differs: { buildkit: { 'config.WorkingDir': FOLDER } },
  },
  {
    name: 'a link of a stage',
    dockerfile:
      'FROM base:test AS one\nRUN mkdir /d && echo 1 > /d/f && ln -s d /l && ln -s /d/f /k\nFROM scratch\nCOPY --from=one /l/f /f\nCOPY --from=one /k /k2',
    differs: { buildkit: { 'config.WorkingDir': FOLDER } },
  },
  {
    name: 'an image of a build with ONBUILD',
    dockerfile: 'FROM onbuild:test\nRUN cat /copied > /read',
    files: { 'a.txt': 'from the context' },
  },
  {
    name: 'ARG before FROM',
    dockerfile: 'ARG tag=test\nARG name=base\nFROM ${name}:${tag}\nARG tag\nRUN echo "$tag|$name" > /said',
  },
];
