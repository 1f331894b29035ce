import { writeFileSync } from 'node:fs';
import { CliError } from '../../cli-error.ts';
import type { Context } from '../../context.ts';
import type { FlagValues } from '../../flags/values.ts';
import type { Outputs } from './request/outputs.ts';

/** What is to be done with an image that was built. Throws CliError. */
export async function finishBuild(
  context: Context,
  { flags, outputs: { outputs, names }, image }: { flags: FlagValues; outputs: Outputs; image: string },
): Promise<void> {
  const tags = [...flags.list('tag'), ...names];
  const iidfile = flags.string('iidfile');
  if (iidfile !== '') {
    if (image === '') throw new CliError(`server did not provide an image ID. Cannot write ${iidfile}`);
    writeFileSync(iidfile, image);
  }
  const metadata = flags.string('metadata-file');
  if (metadata !== '') await (await import('./metadata.ts')).writeMetadata(context, metadata, { image, tags });
  if (outputs.every((output) => output.type === 'image' && !output.push)) return;
  const { exportImage } = await import('./export.ts');
  for (const output of outputs) await exportImage(context, output, { image, tags });
}
