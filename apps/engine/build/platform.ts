import { type Platform, parsePlatform } from '@berth/dockerfile';
import { hostPlatform } from '../images/index.ts';

/** The platform that steps are run on, or what a text means beside it. Errors: invalid. */
export function localPlatform(text?: string): Platform {
  const { os, architecture, variant = '' } = hostPlatform();
  const here = { os, architecture, variant };
  return text === undefined ? here : parsePlatform(text, here);
}
