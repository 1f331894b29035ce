import { familiarString, type Reference } from '@berth/oci';

/** Docker's two lists of an image's names, in familiar form, sorted. */
export function namesOf(references: readonly Reference[]): { tags: string[]; digests: string[] } {
  const of = (wanted: (reference: Reference) => boolean) => references.filter(wanted).map(familiarString).sort();
  return { tags: of((r) => r.digest === undefined), digests: of((r) => r.digest !== undefined) };
}

/** The twelve digits that people see. */
export function shortId(id: string): string {
  return id.replace(/^sha256:/, '').slice(0, 12);
}
