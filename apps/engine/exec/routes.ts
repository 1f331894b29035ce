import { atLeastApi } from '@berth/contract';
import { BerthError } from '@berth/kit';
import { empty, json, type Reply, type Route, sizeOf } from '../api/http.ts';
import type { ContainerService } from '../containers/index.ts';

export function execRoutes(containers: ContainerService): Route[] {
  return [
    {
      method: 'POST',
      path: '/containers/{id}/exec',
      name: 'exec.create',
      permission: 'admin',
      handler: async (request) => {
        const body = await request.json();
        return json(201, await containers.execCreate(request.param('id'), body ?? {}));
      },
    },
    {
      method: 'POST',
      path: '/exec/{id}/start',
      name: 'exec.start',
      permission: 'admin',
      handler: async (request) => {
        const body = (await request.json()) ?? {};
        const { tty, join } = await containers.execStart(request.param('id'), startOptions(body, request.version));
        const hijack: Reply | undefined = join && {
          kind: 'hijack',
          multiplexed: !tty && atLeastApi(request.version, '1.42'),
          join,
        };
        return hijack ?? empty(200);
      },
    },
    {
      method: 'POST',
      path: '/exec/{id}/resize',
      name: 'exec.resize',
      permission: 'write',
      handler: async (request) => {
        const { height, width } = sizeOf(request);
        await containers.execResize(request.param('id'), height, width);
        return empty(200);
      },
    },
    {
      method: 'GET',
      path: '/exec/{id}/json',
      name: 'exec.inspect',
      permission: 'read',
      handler: async (request) => json(200, await containers.execInspect(request.param('id'))),
    },
  ];
}

function startOptions(
  body: Record<string, unknown>,
  version: string,
): { detach: boolean; tty: boolean; consoleSize: [number, number] | undefined } {
  const tty = flag(body, 'Tty');
  // A size without a terminal says nothing, and clients before 1.42 cannot mean it.
  const consoleSize = tty && atLeastApi(version, '1.42') ? sizeIn(body['ConsoleSize']) : undefined;
  return { detach: flag(body, 'Detach'), tty, consoleSize };
}

function flag(body: Record<string, unknown>, name: string): boolean {
  const value = body[name] ?? false;
  if (typeof value !== 'boolean') throw new BerthError('invalid', `invalid JSON: ${name} must be a boolean`);
  return value;
}

function sizeIn(value: unknown): [number, number] | undefined {
  if (value === undefined || value === null) return undefined;
  const valid =
    Array.isArray(value) && value.length === 2 && value.every((side) => Number.isInteger(side) && side >= 0);
  if (!valid) throw new BerthError('invalid', 'invalid JSON: ConsoleSize must be two numbers, height and width');
  return [Number(value[0]), Number(value[1])];
}
