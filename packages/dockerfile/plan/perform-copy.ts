import { BerthError } from '@berth/kit';
import { heredocText } from '../lex/heredoc.ts';
import type { CopyInstruction, CopySource } from '../model.ts';
import { isGitSource, isUrl } from './add-source.ts';
import { rootOf, stagesUsedBy } from './graph.ts';
import type { CopyOperation, Root, Source } from './operations.ts';
import { joinPath } from './paths.ts';
import type { StageRun } from './run.ts';

export function performCopy(run: StageRun, instruction: CopyInstruction, index: number): CopyOperation {
  const { kind } = instruction;
  stagesUsedBy(run.plan, run.stage, instruction);
  const sources = instruction.sources.map((source) => sourceOf(run, source, kind));
  const destination = run.expand(instruction.destination);
  const expand = (text: string | undefined) => (text === undefined ? undefined : run.expand(text) || undefined);
  const [chown, chmod, checksum] = [instruction.chown, instruction.chmod, instruction.checksum].map(expand);
  checkAdd(instruction, sources, checksum);
  return {
    kind,
    root: rootOfCopy(run, instruction),
    sources,
    destination: joinPath(run.config.WorkingDir, destination, true),
    chown,
    chmod,
    link: instruction.link,
    parents: instruction.parents,
    exclude: instruction.exclude.map((pattern) => run.expand(pattern)),
    checksum,
    keepGitDir: instruction.keepGitDir,
    unpack: instruction.unpack,
    ...run.step(instruction, index, instruction.text),
  };
}

function rootOfCopy(run: StageRun, { from }: CopyInstruction): Root {
  if (from === undefined) return { kind: 'context' };
  return rootOf(run.plan, from, (message) => {
    throw new BerthError('invalid', message);
  });
}

function sourceOf(run: StageRun, source: CopySource, kind: 'copy' | 'add'): Source {
  if (source.kind === 'inline') {
    const { heredoc } = source;
    const written = heredocText(heredoc);
    const text = heredoc.expand ? run.expansion(written, { escape: '\\', quotesAreText: true }).text : written;
    return { kind: 'inline', name: heredoc.name, text, heredoc };
  }
  const path = run.expand(source.path);
  if (kind === 'copy') {
    if (isUrl(path)) throw new BerthError('invalid', "source can't be a URL for COPY");
    return { kind: 'path', path };
  }
  if (isGitSource(path)) return { kind: 'git', url: path };
  return isUrl(path) ? { kind: 'url', url: path } : { kind: 'path', path };
}

function checkAdd(instruction: CopyInstruction, sources: readonly Source[], checksum: string | undefined): void {
  const remote = sources.filter(({ kind }) => kind === 'url' || kind === 'git');
  if (instruction.keepGitDir && !sources.some(({ kind }) => kind === 'git')) {
    throw new BerthError('invalid', '--keep-git-dir is only supported for git sources');
  }
  if (checksum === undefined) return;
  if (sources.length !== 1) throw new BerthError('invalid', 'checksum can only be specified for a single source');
  if (remote.length !== 1) throw new BerthError('invalid', "checksum can't be specified for non-HTTP(S) sources");
  if (remote[0]?.kind === 'git') {
    if (!/^[0-9a-f]{7,64}$/.test(checksum)) throw new BerthError('invalid', 'invalid checksum format');
  } else if (!/^(?:sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128})$/.test(checksum)) {
    throw new BerthError('invalid', 'invalid checksum digest format');
  }
}
