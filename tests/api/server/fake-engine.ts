import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { createLogger } from '@berth/kit';
import { type ApiServices, createRoutes, serve } from '../../../apps/engine/api/index.ts';
import { type Answer, type RequestOptions, request, type Target } from '../../support/request.ts';

/** The API before services that the test makes up; what it does not make up fails when it is called. */
export interface FakeEngine {
  socket: string;
  host: string;
  target: Target;
  tcpPort: number;
  logged: string[];
  request(method: string, path: string, options?: RequestOptions): Promise<Answer>;
  close(): Promise<void>;
}

export type FakeServices = { [Name in keyof ApiServices]?: Partial<ApiServices[Name]> };

export async function startFakeEngine(services: FakeServices = {}): Promise<FakeEngine> {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'berth-api-'));
  const socket = path.join(directory, 'berth.sock');
  const logged: string[] = [];
  const server = await serve({
    routes: createRoutes({
      containers: only('containers', services.containers),
      images: only('images', services.images),
      transfers: only('transfers', services.transfers),
      networks: only('networks', services.networks),
      volumes: only('volumes', services.volumes),
      events: only('events', services.events),
      system: only('system', services.system),
      builds: only('builds', services.builds),
      buildInputs: only('buildInputs', services.buildInputs),
    }),
    hosts: [`unix://${socket}`, 'tcp://127.0.0.1:0'],
    socketGroup: undefined,
    version: '9.9.9',
    log: createLogger('warn', 'text', (line) => logged.push(line)),
  });
  const target = { socketPath: socket };
  return {
    socket,
    host: `unix://${socket}`,
    target,
    tcpPort: Number(new URL(server.addresses[1]!.replace('tcp:', 'http:')).port),
    logged,
    request: (method, url, options) => request(target, method, url, options),
    close: async () => {
      await server.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function only<Service extends object>(name: string, members: Partial<Service> | undefined): Service {
  return new Proxy((members ?? {}) as Service, {
    get: (target, member, receiver) => {
      if (!Reflect.has(target, member)) throw new Error(`the fake has no ${name}.${String(member)}`);
      return Reflect.get(target, member, receiver);
    },
  });
}
