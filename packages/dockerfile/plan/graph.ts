import { planError } from '../errors.ts';
import type { Instruction } from '../model.ts';
import type { Span } from '../source.ts';
import { findContext } from './contexts.ts';
import type { Root } from './operations.ts';
import type { BuildPlan, Stage } from './plan.ts';

type Graph = Pick<BuildPlan, 'stages' | 'byName' | 'contexts'>;

/** What `--from=` and `from=` mean in a stage: a stage by index or name, a context, scratch, an image. */
export function rootOf(graph: Graph, text: string, refuse: (message: string) => never): Root {
  if (/^[+-]?\d+$/.test(text)) {
    const index = Number(text);
    if (graph.stages[index] === undefined) refuse(`invalid stage index ${index}`);
    return { kind: 'stage', index };
  }
  const stage = graph.byName.get(text.toLowerCase());
  if (stage !== undefined) return { kind: 'stage', index: stage.index };
  if (text === 'scratch') return { kind: 'scratch' };
  const context = findContext(graph.contexts, text);
  return context === undefined ? { kind: 'image', reference: text } : { kind: 'named', name: context };
}

/** The stages that an instruction takes files from. Throws, placed, at the stage itself and at later ones. */
export function stagesUsedBy(graph: Graph, stage: Stage, instruction: Instruction): Stage[] {
  const used: Stage[] = [];
  for (const { text, span, verb } of referencesOf(instruction)) {
    const blame = { source: instruction.source, span };
    const root = rootOf(graph, text, (message) => {
      throw planError(blame, message);
    });
    const other = root.kind === 'stage' ? graph.stages[root.index] : undefined;
    if (other === undefined) continue;
    if (other.index === stage.index || (other.index > stage.index && reaches(graph, other, stage))) {
      throw planError(blame, `circular dependency detected on stage: ${stage.title}`);
    }
    if (other.index > stage.index) {
      throw planError(
        blame,
        verb === 'copy'
          ? `cannot copy from stage ${JSON.stringify(text)}, it needs to be defined before current stage ${JSON.stringify(stage.title)}`
          : `cannot mount from stage ${JSON.stringify(text)} to ${JSON.stringify(stage.title)}, stage needs to be defined before current command`,
      );
    }
    used.push(other);
  }
  return used;
}

/** Depth first: dependencies before what needs them, in the order of the file. No recursion: chains may be long. */
export function neededStages(graph: Graph, target: Stage): Stage[] {
  const needed = new Set<Stage>();
  const open = [target];
  for (let stage = open.pop(); stage !== undefined; stage = open.pop()) {
    if (needed.has(stage)) continue;
    needed.add(stage);
    const current = stage;
    const base = stage.base.kind === 'stage' ? graph.stages[stage.base.index] : undefined;
    if (base !== undefined) open.push(base);
    for (const instruction of stage.instructions) open.push(...stagesUsedBy(graph, current, instruction));
  }
  // every dependency has a lower index: checked by stagesUsedBy and by FROM, which only sees earlier stages
  return [...needed].sort((a, b) => a.index - b.index);
}

/** True when `from` needs `to`, over any number of stages. */
function reaches(graph: Graph, from: Stage, to: Stage): boolean {
  const seen = new Set<number>();
  const open = [from];
  for (let stage = open.pop(); stage !== undefined; stage = open.pop()) {
    if (stage.index === to.index) return true;
    if (seen.has(stage.index)) continue;
    seen.add(stage.index);
    const roots: Root[] = [stage.base];
    for (const instruction of stage.instructions) {
      for (const { text } of referencesOf(instruction)) {
        if (!/^[+-]?\d+$/.test(text) || graph.stages[Number(text)] !== undefined) {
          roots.push(rootOf(graph, text, () => unreachable()));
        }
      }
    }
    for (const root of roots) {
      const next = root.kind === 'stage' ? graph.stages[root.index] : undefined;
      if (next !== undefined) open.push(next);
    }
  }
  return false;
}

function unreachable(): never {
  throw new Error('an index that was checked is not there');
}

interface Reference {
  text: string;
  span: Span;
  verb: 'copy' | 'mount';
}

function referencesOf(instruction: Instruction): Reference[] {
  if (instruction.kind === 'copy' && instruction.from !== undefined) {
    return [{ text: instruction.from, span: instruction.fromSpan ?? instruction.span, verb: 'copy' }];
  }
  if (instruction.kind !== 'run') return [];
  return instruction.mounts.flatMap(({ from, span }) =>
    from === undefined || from === '' ? [] : [{ text: from, span, verb: 'mount' as const }],
  );
}
