import { describe, expect, it } from 'vitest';
import { parseIgnoreFile } from '../ignore/rules.ts';
import { parseDockerfile } from '../parse.ts';
import { type CheckFacts, checkBuild, violationError } from './check.ts';
import { describeFinding, summarizeFinding } from './finding.ts';
import { CHECK_NAMES, checkRule } from './rules.ts';

const LINUX = { os: 'linux', architecture: 'amd64', variant: '' };
const WISH = { targetPlatform: LINUX, buildPlatform: LINUX };

function check(text: string, facts: CheckFacts = {}, wish: object = {}) {
  return checkBuild(parseDockerfile(text), { ...WISH, ...wish }, facts);
}

/** `NAME: sentence (line N)` of each finding. */
const told = (text: string, facts?: CheckFacts, wish?: object) =>
  check(text, facts, wish).findings.map(summarizeFinding);

const only = (name: string, text: string, facts?: CheckFacts) =>
  told(text, facts).filter((line) => line.startsWith(`${name}:`));

/** Each check: a file that it finds something in, what it says, and the same file put right. */
const CASES: [id: string, bad: string, message: string, good: string][] = [
  ['check/StageNameCasing', 'FROM a AS Base', "Stage name 'Base' should be lowercase (line 1)", 'FROM a AS base'],
  ['check/FromAsCasing', 'FROM a as b', "'as' and 'FROM' keywords' casing do not match (line 1)", 'from a as b'],
  [
    'check/NoEmptyContinuation',
    'FROM a\nRUN x \\\n\n  y',
    'Empty continuation line (line 3)',
    'FROM a\nRUN x \\\n  # c\n  y',
  ],
  [
    'check/ConsistentInstructionCasing',
    'FROM a\nrun x\nRUN y',
    "Command 'run' should match the case of the command majority (uppercase) (line 2)",
    'from a\nrun x',
  ],
  [
    'check/DuplicateStageName',
    'FROM a AS b\nFROM a AS B',
    'Duplicate stage name "b", stage names should be unique (line 2)',
    'FROM a AS b\nFROM a AS c',
  ],
  [
    'check/ReservedStageName',
    'FROM a AS scratch',
    'Stage name should not use the same name as reserved stage "scratch" (line 1)',
    'FROM a AS scratchy',
  ],
  [
    'check/JSONArgsRecommended',
    'FROM a\nENTRYPOINT x y',
    'JSON arguments recommended for ENTRYPOINT to prevent unintended behavior related to OS signals (line 2)',
    'FROM a\nSHELL ["/bin/bash","-c"]\nENTRYPOINT x y',
  ],
  [
    'check/MaintainerDeprecated',
    'FROM a\nMAINTAINER me',
    'Maintainer instruction is deprecated in favor of using label (line 2)',
    'FROM a\nLABEL maintainer=me',
  ],
  [
    'check/UndefinedArgInFrom',
    'ARG VERSION=1\nFROM a:${VERSON:-1}',
    "FROM argument 'VERSON' is not declared (did you mean VERSION?) (line 2)",
    'ARG VERSION\nFROM a:${VERSION:-1}',
  ],
  [
    'check/WorkdirRelativePath',
    'FROM a\nWORKDIR b\nWORKDIR c',
    'Relative workdir "b" can have unexpected results if the base image changes (line 2)',
    'FROM a\nWORKDIR /b\nWORKDIR c',
  ],
  [
    'check/UndefinedVar',
    'FROM a\nARG foo\nCOPY $fooo .',
    "Usage of undefined variable '$fooo' (did you mean $foo?) (line 3)",
    'FROM a\nARG foo\nCOPY $foo .',
  ],
  [
    'check/MultipleInstructionsDisallowed',
    'FROM a\nCMD ["x"]\nCMD ["y"]',
    'Multiple CMD instructions should not be used in the same stage because only the last one will be used (line 2)',
    'FROM a AS b\nCMD ["x"]\nFROM b\nCMD ["y"]',
  ],
  [
    'check/LegacyKeyValueFormat',
    'FROM a\nENV b c',
    '"ENV key=value" should be used instead of legacy "ENV key value" format (line 2)',
    'FROM a\nENV b=c',
  ],
  [
    'check/RedundantTargetPlatform',
    'FROM --platform=$TARGETPLATFORM a',
    'Setting platform to predefined $TARGETPLATFORM in FROM is redundant as this is the default behavior (line 1)',
    'FROM --platform=$BUILDPLATFORM a',
  ],
  [
    'check/SecretsUsedInArgOrEnv',
    'FROM a\nENV DB_PASSWORD=x',
    'Do not use ARG or ENV instructions for sensitive data (ENV "DB_PASSWORD") (line 2)',
    'FROM a\nENV PUBLIC_KEY=x TOKENIZER=y',
  ],
  [
    'check/InvalidDefaultArgInFrom',
    'ARG TAG\nFROM a:$TAG',
    'Default value for ARG a:$TAG results in empty or invalid base image name (line 2)',
    'ARG TAG=1\nFROM a:$TAG',
  ],
  [
    'check/FromPlatformFlagConstDisallowed',
    'FROM --platform=linux/amd64 a AS b',
    'FROM --platform flag should not use constant value "linux/amd64" (line 1)',
    'FROM --platform=linux/amd64 a AS build_amd64',
  ],
  [
    'check/ExposeProtoCasing',
    'FROM a\nEXPOSE 80/TcP',
    "Defined protocol '80/TcP' in EXPOSE instruction should be lowercase (line 2)",
    'FROM a\nEXPOSE 80/tcp',
  ],
  [
    'check/ExposeInvalidFormat',
    'FROM a\nEXPOSE 127.0.0.1:80:80',
    "EXPOSE instruction should not define an IP address or host-port mapping, found '127.0.0.1:80:80' (line 2)",
    'FROM a\nEXPOSE 80',
  ],
];

describe('build checks', () => {
  it.each(CASES)('%s: is found, at its line, and not where it is right', (id, bad, message, good) => {
    const name = id.slice('check/'.length);
    expect(only(name, bad)).toEqual([`${name}: ${message}`]);
    expect(only(name, good)).toEqual([]);
    expect(check(bad).error).toBeUndefined();
  });

  it('check/InvalidBaseImagePlatform: is told from the image that is there', () => {
    const platform = { os: 'linux', architecture: 'arm64', variant: '' };
    const facts: CheckFacts = { base: () => ({ config: {}, platform }) };
    const message =
      'InvalidBaseImagePlatform: Base image a was pulled with platform "linux/arm64", expected "linux/amd64" for current build (line 1)';
    expect(told('FROM a', facts)).toEqual([message]);
    expect(told('FROM --platform=$BUILDPLATFORM a', facts)).toEqual([message]);
    expect(told('FROM a', { base: () => ({ config: {}, platform: LINUX }) })).toEqual([]);
  });

  it('check/CopyIgnoredFile: is told of sources that the ignore file takes away', () => {
    const ignore = parseIgnoreFile('*.md\nsecret/');
    const text = 'FROM a\nCOPY ./README.md /secret/x ok.txt ./\nADD https://x/a.md /b\nCOPY --from=b a.md /c';
    expect(told(text, { ignore })).toEqual([
      'CopyIgnoredFile: Attempting to Copy file "./README.md" that is excluded by .dockerignore (line 2)',
      'CopyIgnoredFile: Attempting to Copy file "/secret/x" that is excluded by .dockerignore (line 2)',
    ]);
  });

  it('check/InvalidDefinitionDescription: only when experimental checks are asked for', () => {
    const text = '# a word\nFROM a AS base\n# x is it\nARG x\n# why\n\nARG y\n# other\nARG z\n';
    expect(told(text)).toEqual([]);
    expect(told(`# check=experimental=all\n${text}`)).toEqual([
      'InvalidDefinitionDescription: Comment for FROM should follow the format: `# base <description>` (line 3)',
      'InvalidDefinitionDescription: Comment for ARG should follow the format: `# z <description>` (line 10)',
    ]);
  });

  it('directive/check: skips by name or all, and makes findings errors', () => {
    const text = 'FROM a AS B\nCMD x';
    expect(told(`# check=skip=StageNameCasing\n${text}`)).toEqual([
      'JSONArgsRecommended: JSON arguments recommended for CMD to prevent unintended behavior related to OS signals (line 3)',
    ]);
    expect(told(`# check=skip=all\n${text}`)).toEqual([]);
    const report = check(`# check=skip=JSONArgsRecommended;error=true\n${text}`);
    expect(report.fails).toBe(true);
    expect(violationError(report).message).toBe('lint violation found for rules: StageNameCasing');
    expect(check(`# check=error=true;skip=all\n${text}`).fails).toBe(false);
    expect(check(`# check=whatever=1\n${text}`).error?.message).toBe('invalid check option "whatever"');
  });

  it('args/BUILDKIT_DOCKERFILE_CHECK: stands in for the directive', () => {
    const buildArgs = { BUILDKIT_DOCKERFILE_CHECK: 'skip=all' };
    expect(told('# check=error=true\nFROM a AS B', {}, { buildArgs })).toEqual([]);
  });

  it('a comment above an instruction skips checks there', () => {
    expect(told('# x\n\n# check=skip=StageNameCasing\nFROM a AS B\nFROM a AS C').length).toBe(1);
  });

  it('every stage is checked without a target, the needed ones with it', () => {
    const text = 'FROM a AS b\nENTRYPOINT x\nFROM a AS c\nENTRYPOINT y';
    expect(told(text).length).toBe(2);
    expect(told(text, {}, { target: 'b' }).length).toBe(1);
  });

  it('what would stop the build is told beside the findings', () => {
    const report = check('FROM a AS B\nCOPY --from=later a b\nFROM b AS later');
    expect(report.findings.map(({ rule }) => rule.name)).toContain('StageNameCasing');
    expect(report.error?.message).toMatch(/^circular dependency detected on stage: b|^cannot copy from stage "later"/);
  });

  it('prints the lines as BuildKit does', () => {
    const [first] = check('FROM alpine\nCMD echo "hi"\n').findings;
    expect(first && describeFinding(first)).toBe(
      [
        'WARNING: JSONArgsRecommended - https://docs.docker.com/go/dockerfile/rule/json-args-recommended/',
        'JSON arguments recommended for CMD to prevent unintended behavior related to OS signals',
        'Dockerfile:2',
        '--------------------',
        '   1 |     FROM alpine',
        '   2 | >>> CMD echo "hi"',
        '     |     ^~~~~~~~~~~~~',
        '--------------------',
      ].join('\n'),
    );
  });

  it('every check has a page', () => {
    expect(CHECK_NAMES.length).toBe(22);
    expect(checkRule('UndefinedArgInFrom').url).toMatch(/\/undefined-arg-in-from\/$/);
    expect(checkRule('NoEmptyContinuation').url).toMatch(/\/no-empty-continuation\/$/);
  });
});
