import { BerthError } from '@berth/kit';
import { expandWord } from '../expand/word.ts';
import type { Span } from '../source.ts';

/** The word that begins a here-document: `<<EOF`, `<<-"EOF"`, `3<<EOF`. */
export interface HeredocWord {
  /** The word that ends it, without quotes; also the name of the file that COPY makes. */
  name: string;
  /** `<<-`: tabs at the start of lines are cut. */
  chomp: boolean;
  /** No part of the word was quoted: COPY and ADD replace variables in the body. */
  expand: boolean;
  descriptor: number;
}

export interface Heredoc extends HeredocWord {
  /** The body as written, with its line ends; see `heredocText` for what `<<-` makes of it. */
  body: string;
  /** The lines of the body. */
  span: Span;
}

const none = () => undefined;

/** Reads one word; undefined when it does not begin a here-document. */
export function parseHeredocWord(word: string): HeredocWord | undefined {
  const match = /^(\d*)<<(-?)\s*([^<]*)$/.exec(word);
  const rest = match?.[3];
  if (match === null || rest === undefined || rest === '') return undefined;
  const bare = wordsOf(rest, false);
  if (bare.length !== 1 || bare[0] === undefined) return undefined;
  const quoted = wordsOf(rest, true);
  return {
    name: bare[0],
    chomp: match[2] === '-',
    expand: quoted[0] === bare[0],
    descriptor: match[1] === '' ? 0 : Number(match[1]),
  };
}

/** The here-documents that a line asks for, in order. */
export function heredocsOf(line: string): HeredocWord[] {
  return wordsOf(line, true).flatMap((word) => parseHeredocWord(word) ?? []);
}

/** What the body says: with `<<-` the tabs at the start of each line are cut. */
export function heredocText(heredoc: Heredoc): string {
  return heredoc.chomp ? heredoc.body.replace(/^\t+/gm, '') : heredoc.body;
}

/** Words in the sense of a shell; none when a quote is left open. */
function wordsOf(text: string, raw: boolean): string[] {
  try {
    return expandWord(text, none, { escape: '\\', keepUnset: true, keepQuotes: raw, keepEscapes: raw }).words;
  } catch (error) {
    if (error instanceof BerthError) return [];
    throw error;
  }
}
