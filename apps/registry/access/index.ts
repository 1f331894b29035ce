export type { ForeignIssuer } from './foreign-tokens.ts';
export type { AccessControl, Action, Asking, Caller, Need, Refusal } from './model.ts';
export type { AccessSettings, OpenedControl } from './open-control.ts';
export { openControl, TOKEN_PATH } from './open-control.ts';
export type { RepositoryPattern } from './pattern.ts';
export { parsePattern } from './pattern.ts';
export type { RuleText } from './policy.ts';
export { serveToken } from './serve-token.ts';
export type { TokenAnswer, TokenAsking, TokenEndpoint } from './token-endpoint.ts';
