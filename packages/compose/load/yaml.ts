import { BerthError } from '@berth/kit';
import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, parseAllDocuments, type YAMLMap } from 'yaml';
import { failAt, type List, list, type Mapping, mapping, type Node, type Place, type Scalar, scalar } from './node.ts';

/** Bytes. A Compose file of 500 services has a tenth of it. */
export const FILE_LIMIT = 1024 * 1024;
/** Values of one file after its aliases are followed: ends bombs of aliases quickly. */
const NODE_LIMIT = 100_000;
const DEPTH_LIMIT = 64;

/** Reads the documents of a YAML file as located values. Errors say where. An empty file has no document. */
export function readYaml(text: string, file: string): Node[] {
  if (text.length > FILE_LIMIT)
    throw new BerthError('invalid', `${file}: the file is larger than ${FILE_LIMIT / 1024 / 1024} MiB`, {
      hint: 'A Compose file of this size is refused; large contents belong in files that it names.',
    });
  refuseDeepFlow(text, file);
  const lines = new LineCounter();
  let documents: ReturnType<typeof parseAllDocuments>;
  try {
    documents = parseAllDocuments(text.startsWith('\uFEFF') ? text.slice(1) : text, {
      version: '1.2',
      merge: true,
      lineCounter: lines,
      prettyErrors: false,
      logLevel: 'silent',
    });
  } catch (error) {
    if (error instanceof RangeError) throw tooDeep({ file, line: 1, column: 1 });
    throw error;
  }
  if (!Array.isArray(documents)) return [];
  const reader = new Reader(file, lines);
  return documents.map((document) => reader.document(document)).filter((node) => node !== undefined);
}

function tooDeep(place: Place): BerthError {
  return failAt(place, `values are nested deeper than ${DEPTH_LIMIT} levels`);
}

/** The parser goes down a level of `[[[` by a call of its own: what is far too deep never reaches it. */
function refuseDeepFlow(text: string, file: string): void {
  let depth = 0;
  let line = 1;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 10) line++;
    else if (code === 91 || code === 123) depth++;
    else if ((code === 93 || code === 125) && depth > 0) depth--;
    if (depth > 50 * DEPTH_LIMIT) throw tooDeep({ file, line, column: 1 });
  }
}

class Reader {
  readonly #file: string;
  readonly #lines: LineCounter;
  #nodes = 0;
  #document: Document | undefined;

  constructor(file: string, lines: LineCounter) {
    this.#file = file;
    this.#lines = lines;
  }

  document(document: Document | ReturnType<typeof parseAllDocuments>[number]): Node | undefined {
    const [error] = document.errors;
    if (error) throw failAt(this.#place(error.pos[0]), error.message.replace(/ at line \d+, column \d+:?[\s\S]*$/, ''));
    this.#document = document as Document;
    if (document.contents === null) return undefined;
    return this.#node(document.contents, 0, new Set());
  }

  #node(node: unknown, depth: number, within: ReadonlySet<string>): Node {
    const place = this.#placeOf(node);
    if (++this.#nodes > NODE_LIMIT)
      throw failAt(place, `the file has more than ${NODE_LIMIT} values once its aliases are followed`);
    if (depth > DEPTH_LIMIT) throw tooDeep(place);
    if (isAlias(node)) {
      const target = this.#document && node.resolve(this.#document);
      if (!target) throw failAt(place, `unknown anchor '${node.source}'`);
      if (within.has(node.source)) throw failAt(place, `anchor '${node.source}' contains itself`);
      return this.#node(target, depth, new Set([...within, node.source]));
    }
    const tag = tagOf(node, place);
    const inside = anchorOf(node) ? new Set([...within, anchorOf(node)]) : within;
    const made = isMap(node)
      ? this.#map(node, place, depth, inside)
      : isSeq(node)
        ? this.#list(node.items, place, depth, inside)
        : scalarNode(node, place);
    return tag ? { ...made, tag } : made;
  }

  #list(items: readonly unknown[], place: Place, depth: number, within: ReadonlySet<string>): List {
    return list(
      place,
      items.map((item) => this.#node(item, depth + 1, within)),
    );
  }

  #map(map: YAMLMap, place: Place, depth: number, within: ReadonlySet<string>): Mapping {
    const made = mapping(place);
    const merged: Mapping[] = [];
    for (const pair of map.items) {
      const keyPlace = this.#placeOf(pair.key);
      const key = isAlias(pair.key) ? this.#node(pair.key, depth + 1, within) : scalarNode(pair.key, keyPlace);
      if (key.kind !== 'scalar') throw failAt(keyPlace, 'a key must be text');
      const value = this.#node(pair.value ?? null, depth + 1, within);
      const placed = pair.value ? value : { ...value, source: keyPlace };
      if (key.value === '<<') merged.push(...mergeSources(placed));
      else made.entries.set(String(key.value ?? 'null'), { ...placed, key: keyPlace });
    }
    for (const source of merged)
      for (const [key, value] of source.entries) if (!made.entries.has(key)) made.entries.set(key, value);
    return made;
  }

  #placeOf(node: unknown): Place {
    const range = isMap(node) || isSeq(node) || isScalar(node) || isAlias(node) ? node.range : undefined;
    return this.#place(range?.[0] ?? 0);
  }

  #place(offset: number): Place {
    const { line, col } = this.#lines.linePos(offset);
    return { file: this.#file, line: line || 1, column: col || 1 };
  }
}

/** What `<<` brings: a mapping, or several in a list. */
function mergeSources(node: Node): Mapping[] {
  const sources = node.kind === 'list' ? node.items : [node];
  return sources.map((source) => {
    if (source.kind !== 'map') throw failAt(source.source, "'<<' takes mappings only");
    return source;
  });
}

function anchorOf(node: unknown): string {
  return (isMap(node) || isSeq(node)) && node.anchor ? node.anchor : '';
}

function tagOf(node: unknown, place: Place): 'reset' | 'override' | undefined {
  const tag = isMap(node) || isSeq(node) || isScalar(node) ? node.tag : undefined;
  if (tag === '!reset') return 'reset';
  if (tag === '!override') return 'override';
  if (tag?.startsWith('!')) throw failAt(place, `unknown tag '${tag}'; accepted are !reset and !override`);
  return undefined;
}

/** Go's YAML differs from YAML 1.2: `014` and `0b11` are numbers with a base, `1_000` is a thousand. */
function scalarNode(node: unknown, place: Place): Scalar {
  if (!isScalar(node)) return scalar(place, null);
  const { value, type, source: text = '' } = node;
  if (type === 'PLAIN' && /^[-+]?(0[0-7]+|0b[01]+|[0-9]+(_[0-9]+)+)$/.test(text)) {
    const digits = text.replaceAll('_', '');
    const negative = digits.startsWith('-');
    const bare = digits.replace(/^[-+]/, '');
    const number = bare.startsWith('0b')
      ? Number.parseInt(bare.slice(2), 2)
      : bare.startsWith('0') && bare.length > 1
        ? Number.parseInt(bare, 8)
        : Number(bare);
    return scalar(place, negative ? -number : number);
  }
  if (typeof value === 'bigint') return scalar(place, Number(value));
  if (typeof value === 'number' || typeof value === 'boolean' || value === null) return scalar(place, value);
  // The key of a merge is a symbol there.
  return scalar(place, typeof value === 'symbol' ? '<<' : String(value));
}
