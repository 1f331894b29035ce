import { CliError } from '../../../cli-error.ts';
import { checkReference } from '../../container/image-reference.ts';

/** `--tag`: a name with or without a tag; pflag's reason otherwise. */
export function checkTag(text: string): string {
  try {
    checkReference(text);
  } catch (error) {
    throw new Error(error instanceof CliError ? error.message : String(error));
  }
  if (text.includes('@')) throw new Error('refusing to create a tag with a digest reference');
  return text;
}
