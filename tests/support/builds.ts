import type { Containers } from './containers.ts';
import { type TarEntry, tar } from './tar.ts';

/** What came of a `POST /build`. */
export interface BuildOutcome {
  status: number;
  /** The classic stream, as a terminal shows it. */
  text: string;
  /** Of the last message that failed, or of an answer that is no stream. */
  error: string | undefined;
  code: number | undefined;
  /** Full id of the image; '' where there is none. */
  id: string;
  messages: Record<string, unknown>[];
}

/** Builds from a Dockerfile and further files; `query` goes to `POST /build`. */
export async function build(
  c: Containers,
  files: Record<string, string | TarEntry>,
  query: Record<string, string> = {},
): Promise<BuildOutcome> {
  const entries = Object.entries(files).map(([path, file]) =>
    typeof file === 'string' ? { path, content: file } : file,
  );
  const answer = await c.engine.request('POST', `/build?${new URLSearchParams(query)}`, {
    body: tar(entries),
    headers: { 'Content-Type': 'application/x-tar' },
  });
  return outcomeOf(answer.status, answer.text);
}

export function outcomeOf(status: number, body: string): BuildOutcome {
  if (status !== 200) {
    const { message } = JSON.parse(body) as { message: string };
    return { status, text: '', error: message, code: undefined, id: '', messages: [] };
  }
  const messages = body
    .split('\r\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  const failed = messages.find((message) => 'errorDetail' in message);
  const ids = messages.flatMap(({ aux }) =>
    typeof aux === 'object' && aux !== null && 'ID' in aux ? [String(aux.ID)] : [],
  );
  return {
    status,
    text: messages.map(({ stream }) => (typeof stream === 'string' ? stream : '')).join(''),
    error: failed && String(failed['error']),
    code: (failed?.['errorDetail'] as { code?: number } | undefined)?.code,
    id: ids.at(-1) ?? '',
    messages,
  };
}

/** The stream without what differs from run to run: ids. */
export function withoutIds(text: string): string {
  return text.replace(/\b[0-9a-f]{12}\b/g, 'ID');
}
