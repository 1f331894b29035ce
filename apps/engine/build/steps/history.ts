import type { Operation } from '@berth/dockerfile';

const DEFAULT_SHELL = ['/bin/sh', '-c'];

/** As the classic builder writes steps that run nothing: `/bin/sh -c #(nop)  CMD ["sh"]`, two spaces included. */
export function nopWithSpace(operation: Operation): string {
  return `${shellOf(operation)} #(nop)  ${operation.created}`;
}

/** The same for WORKDIR, COPY and ADD: one space. */
export function nopAndString(operation: Operation, text: string): string {
  return `${shellOf(operation)} #(nop) ${text}`;
}

/** `|1 VERSION=2 /bin/sh -c make`. */
export function runHistory(operation: Operation): string {
  return operation.created.replace(/^RUN /, '');
}

function shellOf({ config }: Operation): string {
  return (config.Shell?.length ? config.Shell : DEFAULT_SHELL).join(' ');
}
