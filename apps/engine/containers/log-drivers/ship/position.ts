import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { errnoOf } from '@berth/kit';
import type { LogPosition } from '../../logs/position.ts';
import type { BegunLine } from './message-parser.ts';

/** How far a log was sent; kept beside it. */
export interface SentPosition extends LogPosition {
  /** Lines that began before and have not ended. */
  begun: BegunLine[];
}

export function sentFile(log: string): string {
  return join(dirname(log), 'sent.json');
}

/** Undefined when nothing was sent yet. */
export function readPosition(log: string): SentPosition | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(sentFile(log), 'utf8'));
    return isPosition(value) ? value : undefined;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** The file is whole whenever the engine dies. It is not flushed to disk. Does nothing when the container is gone. */
export function writePosition(log: string, position: SentPosition): void {
  const file = sentFile(log);
  try {
    writeFileSync(`${file}.new`, JSON.stringify(position), { mode: 0o600 });
    renameSync(`${file}.new`, file);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}

function isPosition(value: unknown): value is SentPosition {
  const member = (name: string): unknown =>
    typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
  return Number.isInteger(member('number')) && Number.isInteger(member('offset')) && Array.isArray(member('begun'));
}
