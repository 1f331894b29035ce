import { CliError } from '../cli-error.ts';
import { parseExact } from './json-text.ts';
import type { Typed } from './template/value.ts';
import { rfc3339Nano } from './time.ts';

interface EventMessage {
  Type?: string;
  Action?: string;
  Actor?: { ID?: string; Attributes?: Record<string, string> | null };
  /** Seconds since the epoch. */
  time?: number;
  timeNano?: number | bigint;
}

const NANOS = 1_000_000_000n;

/** A function that shows one event, given as JSON text. Throws CliError (64) when the template does not fit events. */
export async function eventPrinter(format: string): Promise<(text: string) => string> {
  if (format === '') return (text) => showEvent(parseExact(text) as EventMessage);
  const { executeTemplate, parse, TEMPLATE_FUNCTIONS, TemplateError } = await import('./template/index.ts');
  const { pointerTo } = await import('./template/value.ts');
  const { goType } = await import('./types/schema.ts');
  const { eventTypes } = await import('./types/system.ts');
  const type = goType('events.Message', eventTypes);
  try {
    const template = parse(format === 'json' ? '{{json .}}' : format);
    const print = (data: Typed) => `${executeTemplate(template, data, { functions: TEMPLATE_FUNCTIONS })}\n`;
    // A wrong field is said now, not when the first event comes.
    print({ type: pointerTo(type), v: {} });
    return (text) => print({ type, v: parseExact(text) });
  } catch (error) {
    if (error instanceof TemplateError) throw new CliError(`Error parsing format: ${error.message}`, 64);
    throw error;
  }
}

function showEvent({ Type = '', Action = '', Actor = {}, time = 0, timeNano = 0 }: EventMessage): string {
  const nanos = timeNano ? BigInt(timeNano) : BigInt(time) * NANOS;
  const at = { seconds: Number(nanos / NANOS), fraction: Number(nanos % NANOS) };
  const attributes = Object.entries(Actor.Attributes ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  const shown = attributes.map(([key, value]) => `${key}=${value}`).join(', ');
  const when = nanos === 0n ? '' : `${rfc3339Nano(at)} `;
  return `${when}${Type} ${Action} ${Actor.ID ?? ''}${shown === '' ? '' : ` (${shown})`}\n`;
}
