import type { UpstreamSettings } from '../upstreams/index.ts';
import {
  duration,
  type Field,
  field,
  listOf,
  object,
  optional,
  origin,
  type Reader,
  required,
  text,
  yesNo,
} from './shape.ts';

const FIELDS: { [K in keyof Required<UpstreamSettings>]: Field<UpstreamSettings[K]> } = {
  prefix: field((value, where) => (value === '' ? '' : text(value, where)), ''),
  url: required(origin),
  username: optional(text),
  password: optional(text),
  passwordFile: optional(text),
  ttl: field(duration, 5 * 60_000),
  negativeTtl: field(duration, 30_000),
  tokenHosts: field(listOf(text), []),
  insecure: field(yesNo, false),
};

/** An entry of `upstreams`. */
export const readUpstream: Reader<UpstreamSettings> = object(FIELDS);
