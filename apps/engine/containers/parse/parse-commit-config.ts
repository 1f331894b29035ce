import type { ContainerConfig } from '@berth/contract';
import type { CreateBody } from '../service.ts';
import { decodeCreateBody } from './parse-create-body.ts';
import { checkConfig } from './parse-create-config.ts';

/** The configuration in the body of a commit request. Errors: invalid. */
export function parseCommitConfig(body: CreateBody): ContainerConfig {
  // A member that always is there: a body of none of the known ones is a configuration of nothing.
  const { config } = decodeCreateBody({ Image: '', ...body });
  checkConfig(config);
  return config;
}
