import { CliError } from '../../../cli-error.ts';
import { readFile } from './line-file.ts';

export interface SecurityWishes {
  options: string[];
  /** `systempaths=unconfined`: nothing is masked or read-only. */
  unmasked: boolean;
}

/** Reads `--security-opt`; a seccomp profile named by its file is put in as text. */
export function readSecurity(texts: readonly string[]): SecurityWishes {
  const options = texts.map(readOption);
  return {
    options: options.filter((option) => option !== 'systempaths=unconfined'),
    unmasked: options.includes('systempaths=unconfined'),
  };
}

function readOption(text: string): string {
  const match = /^([^=]*)=(.*)$/s.exec(text) ?? /^([^:]*):(.*)$/s.exec(text);
  const [, key = text, value = ''] = match ?? [];
  if (value === '' && key !== 'no-new-privileges')
    throw new CliError(`Invalid --security-opt: ${JSON.stringify(text)}`);
  if (key !== 'seccomp' || value === 'builtin' || value === 'unconfined') return text;
  let content: string;
  try {
    content = new TextDecoder().decode(readFile(value));
  } catch (error) {
    throw new CliError(
      `opening seccomp profile (${value}) failed: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  try {
    return `seccomp=${JSON.stringify(JSON.parse(content))}`;
  } catch (error) {
    throw new CliError(
      `compacting json for seccomp profile (${value}) failed: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}
