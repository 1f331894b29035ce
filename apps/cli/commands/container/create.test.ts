import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EngineClient } from '@berth/client';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type FakeEngine, startFakeEngine } from '../../../../tests/support/fake-engine.ts';
import type { Context } from '../../context.ts';
import { dispatch } from '../../dispatch.ts';
import type { Output } from '../../streams.ts';
import golden from './create.golden.json' with { type: 'json' };

/**
 * What Docker's own client 28.2.2 did with these arguments of `docker create`: exit code, stderr, query and body of the
 * request (without members that are empty, zero or false). `{dir}` is the working directory.
 */
interface Golden {
  args: string[];
  exit?: number;
  stderr?: string;
  query?: string[];
  body?: unknown;
}

let engine: FakeEngine;
let folder: string;

beforeAll(async () => {
  engine = await startFakeEngine({
    'POST /containers/create': { status: 201, json: { Id: 'a'.repeat(64), Warnings: [] } },
  });
});
afterAll(() => engine[Symbol.asyncDispose]());

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'berth-create-'));
  vi.spyOn(process, 'cwd').mockReturnValue(folder);
  writeFileSync(join(folder, 'env'), 'A=1\n#c\n\n  B=2  \nHOME\nNOPE\n');
  writeFileSync(join(folder, 'badenv'), 'A=1\n#c\n\n  B=2  \nHOME\nNOPE\nX = y\n');
  writeFileSync(join(folder, 'badenv2'), 'A=1\n=x\n');
  writeFileSync(join(folder, 'sec.json'), '{"defaultAction": "SCMP_ACT_ALLOW"}\n');
  engine.seen.length = 0;
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

async function create(args: readonly string[]) {
  let err = '';
  const note = (text: string | Uint8Array) => {
    err += String(text);
  };
  const out: Output = {
    write: () => {},
    drain: async () => {},
    pending: 0,
    isTerminal: false,
    colors: false,
    size: () => undefined,
  };
  const context: Omit<Context, 'global'> = {
    programName: 'docker',
    env: { HOME: '/root' },
    out,
    err: { ...out, write: note },
    in: { isTerminal: false, fd: 0, readLine: () => '' },
    client: new EngineClient({ host: engine.host }),
    host: engine.host,
    config: {},
    configDir: folder,
    contextName: 'default',
    debug: false,
  };
  const exit = await dispatch(['create', ...args], {
    programName: 'docker',
    configDir: folder,
    columns: () => 80,
    out: () => {},
    err: note,
    openContext: (global) => ({ ...context, global }),
  });
  const request = engine.seen[0];
  return { exit, err, query: request?.query ?? {}, body: request && dropEmpty(JSON.parse(request.body.toString())) };
}

/** Members that say nothing are left out, except `Init`, where false differs from absent. */
function dropEmpty(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(dropEmpty);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).map(([key, member]) => [key, dropEmpty(member)] as const);
  return Object.fromEntries(members.filter(([key, member]) => key === 'Init' || !says(member)));

  function says(member: unknown): boolean {
    if (typeof member === 'object' && member !== null) return Object.keys(member).length === 0;
    return !member;
  }
}

function fill<T>(value: T): T {
  return JSON.parse(JSON.stringify(value).replaceAll('{dir}', folder)) as T;
}

describe("create asks for what Docker's client asks for", () => {
  it.each((golden as Golden[]).map((row) => [row.args.join(' '), row] as const))('%s', async (_name, row) => {
    const wanted = fill(row);
    const seen = await create(wanted.args);
    expect(seen.err).toBe(wanted.stderr ?? '');
    expect(seen.exit).toBe(wanted.exit ?? 0);
    expect(seen.query).toEqual(Object.fromEntries(new URLSearchParams(wanted.query?.[0])));
    expect(seen.body).toEqual(wanted.body && dropEmpty(wanted.body));
  });
});
