export type { CheckedBase, CheckFacts, CheckReport } from './checks/check.ts';
export { checkBuild, violationError } from './checks/check.ts';
export type { Finding } from './checks/finding.ts';
export { describeFinding, summarizeFinding } from './checks/finding.ts';
export type { CheckName, CheckRule } from './checks/rules.ts';
export { CHECK_NAMES, checkRule } from './checks/rules.ts';
export type { ExpandOptions, Expansion, Variables } from './expand/word.ts';
export { expandWord } from './expand/word.ts';
export type { IgnoreRule, Verdict } from './ignore/rules.ts';
export { IgnoreRules, ignoreFileNames, ignoreRules, NO_IGNORE_RULES, parseIgnoreFile } from './ignore/rules.ts';
export type { Mount } from './instructions/mount.ts';
export type { Directive } from './lex/directives.ts';
export type { Heredoc } from './lex/heredoc.ts';
export type * from './model.ts';
export { KEYWORDS, parseDockerfile, parseTrigger } from './parse.ts';
export { BUILDER_ARGS, PROXY_ARGS } from './plan/arguments.ts';
export type { ImageConfig, ImageHealthcheck } from './plan/config.ts';
export { DEFAULT_PATH, DEFAULT_SHELL } from './plan/config.ts';
export type {
  Base,
  ConfigOperation,
  CopyOperation,
  Operation,
  ResolvedMount,
  Root,
  RunOperation,
  Source as CopyFrom,
  Step,
  WorkdirOperation,
} from './plan/operations.ts';
export type { BuildPlan, BuildWish, Stage } from './plan/plan.ts';
export { planBuild, stagesOf } from './plan/plan.ts';
export type { Platform } from './plan/platform.ts';
export { formatPlatform, parsePlatform } from './plan/platform.ts';
export type { StageState } from './plan/run.ts';
export { StageRun } from './plan/run.ts';
export { unusedBuildArgs } from './plan/unused-args.ts';
export type { Place, Source, Span } from './source.ts';
export { excerpt } from './source.ts';
