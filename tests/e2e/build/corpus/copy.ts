import { archive } from './archives.ts';
import type { CorpusCase } from './case.ts';

const TREE = {
  'dir/a.txt': 'a',
  'dir/b.md': 'b',
  'dir/sub/c.txt': 'c',
  'dir/sub/.hidden': 'h',
  'top.txt': 'top',
  'run.sh': { content: '#!/bin/sh\n', mode: 0o755 },
};

const LINKS = 'contexts are held by content: names of one file become files of their own';

/** COPY and ADD from the context. */
export const COPIES: CorpusCase[] = [
  { name: 'a file to a name', dockerfile: 'FROM base:test\nCOPY top.txt /other.txt', files: TREE },
  { name: 'a file into a folder that is not there', dockerfile: 'FROM base:test\nCOPY top.txt /x/y/', files: TREE },
  { name: 'a file below folders that are not there', dockerfile: 'FROM base:test\nCOPY top.txt /x/y/z', files: TREE },
  { name: 'the content of a folder', dockerfile: 'FROM base:test\nCOPY dir /new', files: TREE },
  {
    name: 'the content of a folder into one that is there',
    dockerfile: 'FROM base:test\nCOPY dir/ /etc/',
    files: TREE,
  },
  { name: 'several sources', dockerfile: 'FROM base:test\nCOPY top.txt run.sh dir /all/', files: TREE },
  {
    name: 'one name from two folders',
    dockerfile: 'FROM base:test\nCOPY one two /all/',
    files: { 'one/x': 'first', 'one/y': 'why', 'two/x': 'other', 'two/z': 'zed' },
  },
  { name: 'the whole context', dockerfile: 'FROM base:test\nCOPY . /app', files: TREE },
  { name: 'the context over the root', dockerfile: 'FROM base:test\nCOPY . /', files: TREE },
  {
    name: 'relative destinations',
    dockerfile: 'FROM base:test\nWORKDIR /w\nCOPY top.txt .\nCOPY top.txt sub/\nCOPY top.txt ../up',
    files: TREE,
  },
  {
    name: 'sources that would leave',
    dockerfile: 'FROM base:test\nCOPY /top.txt ./dir/../run.sh /dir/sub/../a.txt /x/',
    files: TREE,
  },
  {
    name: 'patterns',
    dockerfile: 'FROM base:test\nCOPY *.txt /one/\nCOPY dir/?.[a-m]* /two/\nCOPY d*/sub/* /three/',
    files: TREE,
  },
  { name: 'a pattern that finds a folder', dockerfile: 'FROM base:test\nCOPY di? /x/', files: TREE },
  {
    name: 'names with spaces and more',
    dockerfile: 'FROM base:test\nCOPY ["a b", "ü-x", "/with space/"]\nCOPY ["c,d", "/q/e f"]',
    files: { 'a b': '1', 'ü-x': '2', 'c,d': '3' },
  },
  {
    name: 'modes',
    dockerfile: 'FROM base:test\nCOPY . /m/',
    files: {
      a: { content: '', mode: 0o600 },
      b: { content: '', mode: 0o777 },
      c: { content: '', mode: 0o444 },
      d: { folder: true, mode: 0o700 },
      'd/e': '',
    },
  },
  {
    name: 'setuid and sticky bits',
    dockerfile: 'FROM base:test\nCOPY . /m/',
    files: { a: { content: 'x', mode: 0o4755 }, b: { content: 'x', mode: 0o2755 }, c: { folder: true, mode: 0o1777 } },
    differs: { classic: { 'm/a': 'the classic builder loses setuid', 'm/b': 'the classic builder loses setgid' } },
  },
  {
    name: 'owners of the context are not kept',
    dockerfile: 'FROM base:test\nCOPY a /a',
    files: { a: { content: 'x', uid: 12, gid: 34 } },
  },
  {
    name: 'symbolic links below a folder',
    dockerfile: 'FROM base:test\nCOPY dir /d',
    files: {
      'dir/a': 'x',
      'dir/l': { link: 'a' },
      'dir/away': { link: '/etc/passwd' },
      'dir/none': { link: 'nothing' },
      'dir/up': { link: '..' },
    },
  },
  {
    name: 'a symbolic link that is named',
    dockerfile: 'FROM base:test\nCOPY l /x\nCOPY k/ /y/',
    files: { a: 'x', l: { link: 'a' }, 'd/b': 'y', k: { link: 'd' } },
  },
  {
    name: 'hard links',
    dockerfile: 'FROM base:test\nCOPY d /d',
    files: { 'd/a': 'x', 'd/b': { same: 'd/a' } },
    differs: { classic: { 'd/a': LINKS, 'd/b': LINKS }, buildkit: { 'd/a': LINKS, 'd/b': LINKS } },
  },
  {
    name: 'empty folders and files',
    dockerfile: 'FROM base:test\nCOPY . /e',
    files: { 'a/b': { folder: true }, c: '' },
  },
  {
    name: 'a larger file',
    dockerfile: 'FROM base:test\nCOPY big /big',
    files: { big: { content: Buffer.alloc(3_000_000, 'abcdefg') } },
  },
  {
    name: 'over a file',
    dockerfile: 'FROM base:test\nCOPY a /x\nCOPY b /x',
    files: { a: '1', b: { content: '22', mode: 0o600 } },
  },
  {
    name: 'over a link to a folder',
    dockerfile: 'FROM base:test\nRUN mkdir /real && ln -s real /link\nCOPY a /link/\nCOPY d /link',
    files: { a: '1', 'd/b': '2' },
  },
  {
    name: 'over a link to a file',
    dockerfile: 'FROM base:test\nRUN echo old > /real && ln -s real /link\nCOPY a /link',
    files: { a: 'new' },
  },
  {
    name: 'merging into a folder keeps its mode',
    dockerfile: 'FROM base:test\nRUN mkdir -m 700 /d && echo x > /d/x\nCOPY d /d',
    files: { 'd/y': '2' },
  },
  {
    name: '--chown with numbers',
    dockerfile: 'FROM base:test\nCOPY --chown=12:34 dir /d\nCOPY --chown=56 top.txt /e/f',
    files: TREE,
  },
  {
    name: '--chown with names',
    dockerfile:
      'FROM base:test\nCOPY --chown=nobody:nogroup top.txt /a\nCOPY --chown=0:nogroup dir /c/d/\nCOPY --chown=root top.txt /b',
    files: TREE,
    differs: { classic: { c: 'folders above the destination: BuildKit gives them to the owner too' } },
  },
  {
    name: '--chown with variables',
    dockerfile: 'FROM base:test\nARG who=7\nENV g=8\nCOPY --chown=$who:${g} top.txt /a',
    files: TREE,
  },
  {
    name: '--chmod',
    dockerfile: 'FROM base:test\nCOPY --chmod=0640 top.txt /a\nCOPY --chmod=755 dir /d',
    files: TREE,
    only: ['buildkit'],
  },
  {
    name: 'as another user',
    dockerfile: 'FROM base:test\nUSER nobody\nCOPY top.txt /a\nWORKDIR /w\nCOPY top.txt b',
    files: TREE,
  },
  { name: 'an empty context', dockerfile: 'FROM base:test\nCOPY . /x/' },
  {
    name: 'ignored files',
    dockerfile: 'FROM base:test\nCOPY . /x/',
    files: { ...TREE, '.dockerignore': '# no\n*.txt\ndir/sub\nDockerfile\n.dockerignore\n' },
  },
  {
    name: 'ignored but for exceptions',
    dockerfile: 'FROM base:test\nCOPY . /x/',
    files: { ...TREE, '.dockerignore': '*\n!dir/**/*.txt\n!run.sh\ndir/sub/c*\n' },
  },
  {
    name: 'ignored at any depth',
    dockerfile: 'FROM base:test\nCOPY . /x/',
    files: { ...TREE, '.dockerignore': '**/*.txt\n**/.h*\n!**/a.txt\n' },
  },
  {
    name: 'an archive is unpacked by ADD',
    dockerfile: 'FROM base:test\nADD a.tar /x/',
    files: { 'a.tar': { content: archive('plain') } },
  },
  {
    name: 'compressed archives are unpacked by ADD',
    dockerfile: 'FROM base:test\nADD a.tgz b.tbz c.txz /x/',
    files: {
      'a.tgz': { content: archive('gzip') },
      'b.tbz': { content: archive('bzip2') },
      'c.txz': { content: archive('xz') },
    },
  },
  {
    name: 'an archive is told by its content',
    dockerfile: 'FROM base:test\nADD picture.png /x/\nADD no.tar /y/',
    files: { 'picture.png': { content: archive('gzip') }, 'no.tar': 'this is no archive' },
  },
  {
    name: 'an archive over files',
    dockerfile: 'FROM base:test\nRUN mkdir -p /x/d && echo old > /x/d/f && mkdir /x/link\nADD a.tar /x',
    files: { 'a.tar': { content: archive('plain') } },
  },
  {
    name: 'COPY leaves archives alone',
    dockerfile: 'FROM base:test\nCOPY a.tar /x/',
    files: { 'a.tar': { content: archive('plain') } },
  },
  {
    name: 'ADD of files and folders',
    dockerfile: 'FROM base:test\nADD top.txt dir /x/\nADD --chown=3:4 dir /y',
    files: TREE,
  },
];
