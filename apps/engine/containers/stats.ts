import { Readable } from 'node:stream';
import { BerthError, errnoOf } from '@berth/kit';
import { type Context, cgroupOf } from './context.ts';
import type { ContainerRecord } from './model.ts';
import type { ContainerService } from './service.ts';
import { timeText } from './show/inspect-time.ts';
import { EMPTY_SAMPLE } from './stats/encode.ts';
import { type HostCpu, readHostCpu, type Sample, takeSample } from './stats/sample.ts';
import { Sampler } from './stats/sampler.ts';
import { isActive } from './stop.ts';

/** For how long one look at the host's CPU time serves many containers. */
const HOST_CPU_MS = 5;

/** Looks at the containers of this engine. */
export function createSampler(context: Pick<Context, 'config' | 'cgroups' | 'store' | 'log'>): Sampler {
  let cpu: HostCpu = { total: 0, online: 0 };
  let readAt = 0;
  return new Sampler((id, now) => {
    const record = context.store.get(id);
    if (!record) return undefined;
    const { state } = record;
    if (state.status !== 'running' && state.status !== 'paused') return EMPTY_SAMPLE;
    try {
      if (now - readAt > HOST_CPU_MS) [cpu, readAt] = [readHostCpu(), now];
      const ownNetwork = record.spec.hostConfig.NetworkMode !== 'host';
      const target = { cgroup: cgroupOf(context.config, record), networkPid: ownNetwork ? state.pid : undefined };
      return takeSample(context.cgroups, target, cpu, now);
    } catch (error) {
      context.log.warn('cannot read what a container uses', { container: id, error, errno: errnoOf(error) });
      return EMPTY_SAMPLE;
    }
  });
}

/**
 * What a container uses: JSON objects, one a line. Streaming, one a second until the container is removed; of a reader
 * that is slower, what it cannot take is left out. Else one: with `oneShot` at once, without the look before, which
 * otherwise is a second older. Errors: not-found; invalid (`cannot have stream=true and one-shot=true`).
 */
export const stats =
  (context: Context): ContainerService['stats'] =>
  async (name, { stream, oneShot }) => {
    const record = context.store.resolve(name);
    if (stream && oneShot) throw new BerthError('invalid', 'cannot have stream=true and one-shot=true');
    if (stream) return follow(context, record, Number.POSITIVE_INFINITY);
    if (isActive(record) && !oneShot) return follow(context, record, 1);
    return Readable.from([line(context, record, context.sampler.look(record.id) ?? EMPTY_SAMPLE, undefined)]);
  };

/** `count` samples. A single one is never the first look: what came before it is of use. */
function follow(context: Context, record: ContainerRecord, count: number): Readable {
  let room = true;
  let left = count;
  const body = new Readable({
    read() {
      room = true;
    },
    destroy(error, done) {
      stop();
      done(error);
    },
  });
  let ended = false;
  let stop = () => {
    ended = true;
  };
  const forget = context.sampler.watch(record.id, (sample, before) => {
    if (ended || (sample && ((count === 1 && !before) || !room))) return;
    if (sample) {
      room = body.push(line(context, record, sample, before));
      left--;
    }
    if (!sample || left === 0) {
      body.push(null);
      stop();
    }
  });
  if (ended) forget();
  else stop = forget;
  return body;
}

function line(context: Context, { id, name }: ContainerRecord, sample: Sample, before: Sample | undefined): string {
  const shown = JSON.stringify(`/${context.store.get(id)?.name ?? name}`);
  const times = `"read":"${timeText(sample.readAt)}","preread":"${timeText(before?.readAt ?? 0)}"`;
  const cpu = `"cpu_stats":${sample.cpu},"precpu_stats":${(before ?? EMPTY_SAMPLE).cpu}`;
  return `{"name":${shown},"id":"${id}",${times},${cpu}${sample.rest}}\n`;
}
