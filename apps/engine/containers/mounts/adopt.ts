import { existsSync, renameSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Context, pathsOf } from '../context.ts';
import type { ContainerRecord } from '../model.ts';
import { type MountPoint, parseMounts } from '../parse/parse-mounts.ts';

/**
 * Containers of Berth 0.1 before it had volumes kept anonymous ones in their own directory, numbered in the order of
 * mounts. They become volumes; where such a container runs, what it has mounted stays the same directory.
 */
export function adoptOldMounts(context: Context): void {
  for (const record of [...context.store.all()]) {
    if (Array.isArray(record.spec.mounts)) continue;
    const { hostConfig, config } = record.spec;
    let index = 0;
    const mounts = parseMounts({ hostConfig, volumes: config.Volumes }).map((mount) =>
      mount.type === 'volume' ? adopt(context, record, mount, index++) : mount,
    );
    context.store.save({ ...record, spec: { ...record.spec, mounts } });
  }
}

function adopt(context: Context, { id }: ContainerRecord, wish: MountPoint, index: number): MountPoint {
  const { volume: _, ...mount } = wish;
  const { volume } = context.volumes.obtain({ name: '', driver: '', labels: {}, options: {} });
  const old = join(pathsOf(context.config, id).home, 'volumes', String(index));
  if (existsSync(old)) {
    const path = context.volumes.pathOf(volume.id);
    rmdirSync(path);
    renameSync(old, path);
  }
  return { ...mount, id: volume.id };
}
