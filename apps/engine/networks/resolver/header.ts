/** What can be said of a DNS message by the 12 bytes in front of it, before the costly reading of the rest. */

/**
 * A query that is none is dropped (`drop`), one that no resolver sends is answered at once (`malformed`): records
 * without number, with names in chains of pointers, would keep the resolver of all containers busy for seconds.
 */
export function judgeQuery(message: Buffer): 'drop' | 'malformed' | 'fine' {
  if (message.length < HEADER || (message[2]! & RESPONSE) !== 0) return 'drop';
  const [questions, answers, authorities, additionals] = [4, 6, 8, 10].map((at) => message.readUInt16BE(at));
  const fine = questions === 1 && answers === 0 && authorities === 0 && additionals! <= MAX_ADDITIONALS;
  return fine && message.length <= MAX_QUERY ? 'fine' : 'malformed';
}

/** FORMERR without anything else, to a message of at least a header. */
export function formatError(query: Buffer): Buffer {
  const header = Buffer.alloc(HEADER);
  query.copy(header, 0, 0, 2);
  header[2] = RESPONSE | (query[2]! & (OPCODE | RECURSION_DESIRED));
  header[3] = FORMERR;
  return header;
}

/**
 * A message of its one question only, whatever else it says it has; undefined when it has none or several. Names of a
 * question cannot point to what follows, thus a little of the message is enough.
 */
export function questionOnly(message: Buffer): Buffer | undefined {
  if (message.length < HEADER || message.readUInt16BE(4) !== 1) return undefined;
  const short = Buffer.from(message.subarray(0, HEADER + MAX_QUESTION));
  short.fill(0, 6, HEADER);
  return short;
}

const HEADER = 12;
const RESPONSE = 0x80;
const OPCODE = 0x78;
const RECURSION_DESIRED = 0x01;
const FORMERR = 1;
/** EDNS and a signature. */
const MAX_ADDITIONALS = 2;
const MAX_QUERY = 4096;
/** A name has up to 255 bytes; type and class follow. */
const MAX_QUESTION = 255 + 4;
