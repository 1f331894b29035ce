import surface from './surface.json' with { type: 'json' };

/** One thing of the Dockerfile language: what tests name in their titles. */
export interface SurfaceRow {
  /** `RUN/--mount`, `mount/bind/target`, `FROM/rule-2`, `expansion/${x:-w}`, `check/UndefinedVar`. */
  id: string;
  what: string;
}

/** Every row of the data file, in its order. */
export function surfaceRows(): SurfaceRow[] {
  return [
    ...surface.instructions.flatMap(instructionRows),
    ...Object.entries(surface.mounts).flatMap(([type, mount]) => mountRows(type, mount)),
    { id: 'mount/syntax', what: surface.mountSyntax },
    ...Object.entries(surface.directives).flatMap(([name, value]) =>
      Array.isArray(value)
        ? numbered('directive/rule', value)
        : [{ id: `directive/${name}`, what: `${value.form}: ${value.semantics}` }],
    ),
    ...expansionRows(),
    ...surface.args.predefined.names.map((name) => ({ id: `args/${name}`, what: surface.args.predefined.semantics })),
    ...surface.args.platform.names.map((name) => ({ id: `args/${name}`, what: surface.args.platform.semantics })),
    ...Object.entries(surface.args.builtin).map(([name, what]) => ({ id: `args/${name}`, what })),
    ...surface.heredoc.instructions.map((text) => ({
      id: `heredoc/${first(text)}`,
      what: `here-documents of ${text}`,
    })),
    ...numbered('heredoc/rule', surface.heredoc.rules),
    ...numbered('parser', surface.parser),
    ...numbered('dockerignore', surface.dockerignore),
    ...Object.entries(surface.contexts).map(([name, what]) => ({
      id: `context/${name.replaceAll(' ', '-')}`,
      what: Array.isArray(what) ? what.join(', ') : what,
    })),
    ...Object.entries(surface.defaults).map(([name, what]) => ({ id: `default/${name}`, what })),
    ...surface.entitlements.map((name) => ({ id: `entitlement/${name}`, what: `${name} is granted or refused` })),
    ...surface.checks.map((name) => ({ id: `check/${name}`, what: `the build check ${name}` })),
  ];
}

/** Rows that are not here, and why. What is passed for them is told as not consumed. */
export const NOT_HERE: Readonly<Record<string, string>> = {
  'args/BUILDKIT_BUILD_NAME': "names a build in buildx's own list of builds, which is not here",
  'args/BUILDKIT_INLINE_CACHE': 'caches are not embedded in images: what an image says of its history is not believed',
  'args/BUILDKIT_MULTI_PLATFORM': 'one build makes one platform',
  'args/BUILDKIT_SBOM_SCAN_CONTEXT': 'no bill of materials is made',
  'args/BUILDKIT_SBOM_SCAN_STAGE': 'no bill of materials is made',
  'args/SOURCE_DATE_EPOCH': 'times of images are those of their build',
};

interface Instruction {
  name: string;
  forms: string[];
  semantics: string;
  flags?: { flag: string; semantics: string }[];
  rules?: string[];
}

function instructionRows({ name, forms, semantics, flags = [], rules = [] }: Instruction): SurfaceRow[] {
  return [
    { id: `${name}/semantics`, what: semantics },
    ...numbered(`${name}/form`, forms),
    ...flags.map(({ flag, semantics: what }) => ({ id: `${name}/${flag}`, what })),
    ...numbered(`${name}/rule`, rules),
  ];
}

function mountRows(type: string, mount: { semantics: string; options: { option: string; semantics: string }[] }) {
  return [
    { id: `mount/${type}`, what: mount.semantics },
    ...mount.options.map(({ option, semantics }) => ({ id: `mount/${type}/${option}`, what: semantics })),
  ];
}

function expansionRows(): SurfaceRow[] {
  const { instructions, notIn, forms, rules } = surface.expansion;
  return [
    ...instructions.map((text) => ({ id: `expansion/${text.replaceAll(' ', '-')}`, what: `variables in ${text}` })),
    ...numbered('expansion/not-in', notIn),
    ...forms.map(({ form, semantics }) => ({
      id: form.startsWith('\\') ? 'expansion/escaped' : `expansion/${first(form)}`,
      what: `${form}: ${semantics}`,
    })),
    ...numbered('expansion/rule', rules),
  ];
}

function numbered(name: string, texts: readonly string[]): SurfaceRow[] {
  return texts.map((what, index) => ({ id: `${name}-${index + 1}`, what }));
}

function first(text: string): string {
  return text.split(' ')[0] ?? text;
}
