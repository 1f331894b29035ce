import type { CopyReport } from '@berth/client';
import type { FlagSpec } from '../../command.ts';
import { humanSize } from '../../render/units.ts';

/** Flags of all that copies a volume. */
export const COPY_FLAGS: readonly FlagSpec[] = [
  { long: 'live', type: 'bool', help: 'Let running containers go on while the volume is copied' },
  { long: 'quiet', short: 'q', type: 'bool', help: 'Do not tell how the copy was made' },
];

const HOW: Record<CopyReport['Method'], (report: CopyReport) => string> = {
  reflink: ({ Entries }) => `${files(Entries)} by reflink: blocks are shared until one side changes them`,
  copy: ({ Entries, BytesCopied }) =>
    `${files(Entries)} copied, ${humanSize(BytesCopied)}: this file system cannot share blocks`,
  empty: () => 'there was no data to copy',
};

const files = (count: number) => `${count} ${count === 1 ? 'file' : 'files'}`;

/** A sentence on how a copy was made, for stderr. */
export function describeCopy(report: CopyReport): string {
  const still = report.Frozen.length;
  const frozen = still === 0 ? '' : `; ${still} container${still === 1 ? '' : 's'} stood still for it`;
  return `${HOW[report.Method](report)} (${report.Milliseconds} ms)${frozen}\n`;
}
