import { dataOf, type VolumeContext } from './context.ts';
import { show, type VolumeResource } from './show.ts';
import { directorySize } from './size.ts';

/** The volumes part of GET /system/df. What is mounted from elsewhere is not counted, as with Docker. */
export async function usage(context: VolumeContext): Promise<VolumeResource[]> {
  const counted: VolumeResource[] = [];
  const users = context.users().userCounts();
  for (const volume of [...context.store.all()]) {
    if (volume.options !== null) continue;
    const RefCount = users.get(volume.id) ?? 0;
    const Size = await directorySize(dataOf(context.config, volume.id));
    counted.push({ ...show(context, volume), UsageData: { RefCount, Size } });
  }
  return counted;
}
