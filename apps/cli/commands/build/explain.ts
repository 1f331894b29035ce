import type { BuildExplanation } from '@berth/contract';

/** `--explain` for people: a line a step, why it was taken from the cache or not. */
export function explanationText(explanations: readonly BuildExplanation[]): string {
  if (explanations.length === 0) return 'No step was looked for in the cache.\n';
  const width = Math.max(...explanations.map(({ step }) => step.length));
  const lines = explanations.map(({ step, cached, instruction, line, reason }) => {
    const shown = instruction.length > 60 ? `${instruction.slice(0, 59)}…` : instruction;
    return `${step.padEnd(width)}  ${cached ? 'cached' : 'built '}  ${shown}\n${' '.repeat(width + 10)}line ${line}: ${reason}\n`;
  });
  const hits = explanations.filter(({ cached }) => cached).length;
  return `\n${lines.join('')}${hits} of ${explanations.length} steps came from the cache.\n`;
}
