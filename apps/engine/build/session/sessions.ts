import { randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import type { BuildSessionAnswer } from '@berth/contract';
import { BerthError } from '@berth/kit';
import type { BuildContext, BuildContexts } from '../context/index.ts';
import { AgentLink } from './agent-link.ts';
import { type CheckedBody, readSessionBody } from './read-body.ts';

/** A session that no build takes is dropped after this time. */
const UNUSED_MS = 10 * 60 * 1000;
const WAITING_MAX = 64;

/** What a build of our own client has beyond the query of `POST /build`; the build that took it closes it. */
export interface BuildSession
  extends Pick<
    CheckedBody,
    'dockerfile' | 'noCacheFilter' | 'cacheTo' | 'cacheFrom' | 'allow' | 'progress' | 'untagged'
  > {
  /** Takes the place of the request's body. */
  context: BuildContext | undefined;
  /** Contexts that were sent, or addresses: `docker-image://REF`, Git, HTTP(S). */
  namedContexts: ReadonlyMap<string, BuildContext | string>;
  /** Files of caches by the id that they were sent under. */
  cacheContexts: ReadonlyMap<string, BuildContext>;
  /** Never to be logged, cached or written to a layer. */
  secrets: ReadonlyMap<string, Buffer>;
  /** Agents by id; those that the client has not joined are not there. */
  ssh: ReadonlyMap<string, AgentLink>;
  /** Releases the contexts, overwrites the secrets, ends the agents. Idempotent. */
  close(): void;
}

export interface BuildSessions {
  /** Errors: invalid, unavailable (too many wait). */
  open(body: Record<string, unknown>): BuildSessionAnswer;
  /** Gives a connection to one of the session's agents. Errors: not-found. */
  join(id: string, agent: string): (connection: Duplex) => void;
  /** Each session is for one build. Errors: not-found; those of `BuildContexts.take`. */
  take(id: string): BuildSession;
  close(): void;
}

interface Waiting {
  body: CheckedBody;
  agents: Map<string, AgentLink>;
  timer: NodeJS.Timeout;
}

/** Sessions live in memory only: what they hold is never on a disk. */
export function openBuildSessions(contexts: Pick<BuildContexts, 'take'>): BuildSessions {
  const waiting = new Map<string, Waiting>();
  const find = (id: string) => {
    const found = waiting.get(id);
    if (!found) throw new BerthError('not-found', `no such build session: ${id}`);
    return found;
  };
  const drop = (id: string) => {
    const found = find(id);
    waiting.delete(id);
    clearTimeout(found.timer);
    return found;
  };
  const forget = (id: string) => {
    for (const agent of drop(id).agents.values()) agent.close();
  };
  return {
    open(given) {
      if (waiting.size >= WAITING_MAX) throw new BerthError('unavailable', 'too many build sessions wait for a build');
      const body = readSessionBody(given);
      const id = randomBytes(16).toString('hex');
      waiting.set(id, { body, agents: new Map(), timer: setTimeout(() => forget(id), UNUSED_MS).unref() });
      return { id };
    },
    join(id, agent) {
      const { body, agents } = find(id);
      if (!body.ssh.includes(agent)) throw new BerthError('not-found', `no SSH agent ${agent} in this build session`);
      return (connection) => {
        agents.get(agent)?.close();
        agents.set(agent, new AgentLink(connection));
      };
    },
    take(id) {
      const { body, agents } = drop(id);
      return taken(body, agents, contexts);
    },
    close() {
      for (const id of [...waiting.keys()]) forget(id);
    },
  };
}

function taken(body: CheckedBody, agents: Map<string, AgentLink>, contexts: Pick<BuildContexts, 'take'>): BuildSession {
  const secrets = new Map(Object.entries(body.secrets).map(([id, text]) => [id, Buffer.from(text, 'base64')]));
  const named = new Map<string, BuildContext | string>();
  const cacheContexts = new Map<string, BuildContext>();
  let context: BuildContext | undefined;
  const close = () => {
    context?.release();
    for (const one of named.values()) if (typeof one !== 'string') one.release();
    for (const one of cacheContexts.values()) one.release();
    for (const secret of secrets.values()) secret.fill(0);
    for (const agent of agents.values()) agent.close();
  };
  try {
    if (body.context !== undefined) context = contexts.take(body.context);
    for (const [name, value] of Object.entries(body.namedContexts)) {
      named.set(name, value.startsWith('context:') ? contexts.take(value.slice('context:'.length)) : value);
    }
    for (const { context: id } of body.cacheFrom)
      if (id !== undefined && !cacheContexts.has(id)) cacheContexts.set(id, contexts.take(id));
  } catch (error) {
    close();
    throw error;
  }
  const { dockerfile, noCacheFilter, cacheTo, cacheFrom, allow, progress, untagged } = body;
  return {
    ...{ dockerfile, noCacheFilter, cacheTo, cacheFrom, allow, progress, untagged },
    ...{ context, namedContexts: named, cacheContexts, secrets, ssh: agents, close },
  };
}
