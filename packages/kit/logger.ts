export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** Structured log: a sentence and facts. Never secrets. */
export interface Logger {
  debug(message: string, facts?: Record<string, unknown>): void;
  info(message: string, facts?: Record<string, unknown>): void;
  warn(message: string, facts?: Record<string, unknown>): void;
  error(message: string, facts?: Record<string, unknown>): void;
}

const ORDER: Record<LogLevel, number> = { debug: 0, info: 1, warn: 2, error: 3 };

/** A logger that writes one line per entry (logfmt or JSON) to `write`. A level that may change is asked each time. */
export function createLogger(
  level: LogLevel | (() => LogLevel),
  format: 'text' | 'json',
  write: (line: string) => void,
): Logger {
  const least = typeof level === 'function' ? level : () => level;
  const entry =
    (at: LogLevel) =>
    (message: string, facts: Record<string, unknown> = {}) => {
      if (ORDER[at] < ORDER[least()]) return;
      const time = new Date().toISOString();
      if (format === 'json') write(`${JSON.stringify({ time, level: at, msg: message, ...plain(facts) })}\n`);
      else {
        const pairs = Object.entries(plain(facts)).map(([name, value]) => ` ${name}=${valueText(value)}`);
        write(`time=${time} level=${at} msg=${JSON.stringify(message)}${pairs.join('')}\n`);
      }
    };
  return { debug: entry('debug'), info: entry('info'), warn: entry('warn'), error: entry('error') };
}

/** Quoted where it could be taken for more than one value: a fact may hold what a client sent. */
function valueText(value: unknown): string {
  return typeof value === 'string' && /^[\w./:@+-]+$/.test(value) ? value : (JSON.stringify(value) ?? 'undefined');
}

function plain(facts: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(facts).map(([k, v]) => [k, v instanceof Error ? describe(v) : v]));
}

function describe(error: Error): string {
  return error.cause instanceof Error ? `${error.message}: ${describe(error.cause)}` : error.message;
}
