/** `history`, from what `GET /images/NAME/history` answered. */
import { type ListFormat, type ListSpec, renderList } from './list.ts';
import { ellipsis, shortId } from './text.ts';
import { rfc3339 } from './time.ts';
import { humanDuration, humanSize } from './units.ts';

export interface HistoryItem {
  Id: string;
  /** Seconds since the epoch. */
  Created: number;
  CreatedBy: string;
  Tags: string[] | null;
  Size: number;
  Comment: string;
}

export interface HistoryOptions {
  format?: string | undefined;
  quiet?: boolean;
  noTrunc?: boolean;
  /** False: dates and sizes as plain numbers. */
  human?: boolean;
}

/** Dates before are made up (reproducible builds) and say nothing as an age. */
const FIRST_REAL_DATE = Date.UTC(2000, 0, 1) / 1000;

export function renderHistory(items: readonly HistoryItem[], options: HistoryOptions): Promise<string> {
  return renderList(items, historySpec(!options.noTrunc, options.human ?? true), listFormat(options));
}

function listFormat({ format = '', quiet = false, human = true }: HistoryOptions): ListFormat {
  if (format !== '' && format !== 'table') return { kind: 'custom', format };
  if (quiet) return { kind: 'plain', column: 'ID' };
  return { kind: 'table', columns: ['ID', human ? 'CreatedSince' : 'CreatedAt', 'CreatedBy', 'Size', 'Comment'] };
}

function historySpec(trunc: boolean, human: boolean): ListSpec<HistoryItem> {
  const createdAt = (item: HistoryItem) => rfc3339({ seconds: item.Created, fraction: 0 });
  return {
    typeName: '*image.historyContext',
    headers: {
      ID: 'IMAGE',
      CreatedSince: 'CREATED',
      CreatedAt: 'CREATED AT',
      CreatedBy: 'CREATED BY',
      Size: 'SIZE',
      Comment: 'COMMENT',
    },
    fields: {
      ID: (item) => (trunc ? shortId(item.Id) : item.Id),
      CreatedAt: createdAt,
      CreatedSince: (item) => {
        if (!human) return createdAt(item);
        return item.Created <= FIRST_REAL_DATE ? 'N/A' : `${humanDuration(Date.now() - item.Created * 1000)} ago`;
      },
      CreatedBy: (item) => {
        const command = item.CreatedBy.replaceAll('\t', ' ');
        return trunc ? ellipsis(command, 45) : command;
      },
      Size: (item) => (human ? humanSize(item.Size, 3) : String(item.Size)),
      Comment: (item) => item.Comment,
    },
  };
}
