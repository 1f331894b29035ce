import type { CacheStore, FileFact, KeptInputs, RunStep } from './store.ts';

/** What is known of a step that was not taken from the cache. */
export interface MissFacts {
  /** The last build of the same name, in the order of its steps. */
  previous: readonly RunStep[];
  stage: string;
  /** Position of the step in its stage, from 0, FROM not counted. */
  position: number;
  text: string;
  /** All instructions of the stage as they are written now. */
  texts: readonly string[];
  inputs: KeptInputs;
  /** What FROM says, for a step that is the first. */
  base: string;
  /** The step before it was built anew. */
  afterMiss: boolean;
  /** Why the cache was not asked; undefined when it was. */
  notAsked: string | undefined;
  /** Left out by an ignore rule: the rule. */
  ignoredBy: (path: string) => string | undefined;
}

/** The first input that differs from the last time, as a sentence's rest. */
export function explainMiss(store: Pick<CacheStore, 'inputsOf'>, facts: MissFacts): string {
  if (facts.notAsked !== undefined) return facts.notAsked;
  const earlier = facts.previous.filter(({ stage }) => stage === facts.stage);
  if (facts.previous.length === 0) return 'it was never built here under this name';
  if (earlier.length === 0) return `stage ${facts.stage} is new`;
  const same = earlier[facts.position];
  if (same?.text !== facts.text) return otherInstruction(facts, earlier);
  const before = store.inputsOf(same.key);
  if (!before) return facts.afterMiss ? AFTER_MISS : 'its result was pruned from the cache';
  return firstDifference(before, facts) ?? (facts.afterMiss ? AFTER_MISS : 'its result was pruned from the cache');
}

const AFTER_MISS = 'the step before it was built anew';

function otherInstruction({ text, texts, position, afterMiss }: MissFacts, earlier: readonly RunStep[]): string {
  const was = earlier[position];
  const at = earlier.findIndex((step) => step.text === text);
  if (at < 0) {
    if (was === undefined) return 'the instruction is new';
    return texts.includes(was.text) ? 'the instruction is new' : `the instruction changed: it was ${quoted(was.text)}`;
  }
  if (afterMiss) return AFTER_MISS;
  if (was !== undefined && texts.includes(was.text))
    return `the order of the instructions changed: before it came ${quoted(was.text)}`;
  return `an instruction before it was removed: ${quoted(was?.text ?? '')}`;
}

/** Of the inputs in the order in which a person would look for it. */
function firstDifference(before: KeptInputs, facts: MissFacts): string | undefined {
  const { inputs } = facts;
  const argument = differingName(before.arguments, inputs.arguments);
  if (before.base !== inputs.base && !facts.afterMiss) {
    return facts.position === 0
      ? `the base image ${facts.base} changed: ${short(before.base)} became ${short(inputs.base)}`
      : 'the result of the step before it is another';
  }
  if (argument !== undefined) {
    const [was, now] = [before.arguments[argument], inputs.arguments[argument]];
    if (was === undefined) return `argument ${argument} is new`;
    if (now === undefined) return `argument ${argument} is gone`;
    return `argument ${argument} changed from ${quoted(was)} to ${quoted(now)}`;
  }
  if (before.instruction !== inputs.instruction)
    return `with its variables replaced the instruction changed: it was ${quoted(before.instruction)}`;
  const setting = differingName(before.settings, inputs.settings);
  if (setting !== undefined && setting !== 'environment' && setting !== 'config')
    return `${setting} changed from ${quoted(before.settings[setting] ?? '')} to ${quoted(inputs.settings[setting] ?? '')}`;
  if (before.filesDigest !== inputs.filesDigest) return differingFile(before.files, inputs.files, facts.ignoredBy);
  if (facts.afterMiss) return AFTER_MISS;
  return setting === undefined ? undefined : 'the configuration that it begins with changed';
}

function differingName(before: Record<string, string>, now: Record<string, string>): string | undefined {
  return Object.keys({ ...before, ...now })
    .sort()
    .find((name) => before[name] !== now[name]);
}

function differingFile(
  before: readonly FileFact[],
  now: readonly FileFact[],
  ignoredBy: MissFacts['ignoredBy'],
): string {
  const [was, is] = [byPath(before), byPath(now)];
  for (const path of [...new Set([...was.keys(), ...is.keys()])].sort()) {
    const [old, present] = [was.get(path), is.get(path)];
    const name = path === '' ? 'the directory itself' : `file ${path}`;
    if (old === undefined) return `${name} is new`;
    if (present === undefined) {
      const rule = ignoredBy(path);
      return rule === undefined ? `${name} is gone` : `${name} is left out by the ignore rule ${quoted(rule)}`;
    }
    if (old.content !== present.content) return `${name} changed`;
    if (old.kind !== present.kind) return kindChanged(name, old.kind, present.kind);
  }
  return before.length === 0 || now.length === 0 ? 'some of its files changed' : 'the order of its files changed';
}

function byPath(files: readonly FileFact[]): Map<string, FileFact> {
  return new Map(files.map((file) => [file.path, file]));
}

/** `file 0644 0:0`. */
function kindChanged(name: string, before: string, now: string): string {
  const [was, is] = [before.split(' '), now.split(' ')];
  if (was[0] !== is[0]) return `${name} was a ${was[0]} and is a ${is[0]}`;
  if (was[1] !== is[1]) return `the mode of ${name} changed from ${was[1]} to ${is[1]}`;
  if (was[2] !== is[2]) return `the owner of ${name} changed from ${was[2]} to ${is[2]}`;
  return `extended attributes of ${name} changed`;
}

function short(id: string): string {
  return id === '' ? 'nothing' : id.replace(/^sha256:/, '').slice(0, 12);
}

const SHOWN = 200;

function quoted(text: string): string {
  return JSON.stringify(text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text);
}
