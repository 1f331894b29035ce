import type { PullExplainedLayer, PullExplanation } from '@berth/contract';
import { alignTabs } from './tabwriter.ts';
import { humanSize } from './units.ts';

/** `pull --explain` for people: where an image came from, what each stage took, then a line for each layer. */
export function renderPullExplanation(explanation: PullExplanation): string {
  const { reference, digest, sources, times, layers, waits } = explanation;
  const { resolve, register, total } = times;
  const facts = [
    ['Image', reference],
    ['Digest', digest ?? 'not found out'],
    ...sources.map(({ kind, name, error }) => ['Asked', `${kind} ${name}${error === undefined ? '' : `: ${error}`}`]),
    [
      'Time',
      `${seconds(total)}: resolve ${seconds(resolve)}, layers ${seconds(times.layers)}, register ${seconds(register)}`,
    ],
    ...waits.map(({ host, reason, milliseconds, digest: of }) => [
      'Waited',
      `${seconds(milliseconds)} for ${host}${of === undefined ? '' : `, layer ${short(of)}`}: ${reason}`,
    ]),
  ];
  const head = alignTabs(facts.map((fact) => `${fact.join('\t')}\n`).join(''), { minWidth: 8, padding: 2 });
  if (layers.length === 0) return head;
  const titles = [
    'LAYER',
    'SIZE',
    'RESULT',
    'FROM',
    'RECEIVED',
    'KEPT',
    'RETRIES',
    ...STAGES.map((name) => name.toUpperCase()),
  ];
  const rows = [titles, ...layers.map(rowOf)];
  return `${head}\n${alignTabs(rows.map((row) => `${row.join('\t')}\n`).join(''), { minWidth: 6, padding: 3 })}`;
}

const STAGES = ['queued', 'download', 'verify', 'unpack'] as const;

function rowOf(layer: PullExplainedLayer): string[] {
  const { digest, size, result, from = '-', received, kept, retries, times } = layer;
  const bytes = [received, kept].map((count) => humanSize(count));
  return [
    short(digest),
    humanSize(size),
    result,
    from,
    ...bytes,
    String(retries),
    ...STAGES.map((name) => seconds(times[name])),
  ];
}

function short(digest: string): string {
  return digest.slice('sha256:'.length, 'sha256:'.length + 12);
}

function seconds(milliseconds: number): string {
  return milliseconds < 1000 ? `${milliseconds}ms` : `${(milliseconds / 1000).toFixed(2)}s`;
}
