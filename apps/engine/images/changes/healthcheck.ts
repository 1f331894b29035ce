import { BerthError } from '@berth/kit';
import { jsonList } from './index.ts';

/** Docker's HealthConfig; times in nanoseconds. */
interface Healthcheck {
  Test: string[];
  Interval?: number;
  Timeout?: number;
  StartPeriod?: number;
  StartInterval?: number;
  Retries?: number;
}

const TIMES: Record<string, 'Interval' | 'Timeout' | 'StartPeriod' | 'StartInterval'> = {
  interval: 'Interval',
  timeout: 'Timeout',
  'start-period': 'StartPeriod',
  'start-interval': 'StartInterval',
};
const UNITS: Record<string, number> = { ns: 1, us: 1e3, µs: 1e3, ms: 1e6, s: 1e9, m: 6e10, h: 3.6e12 };
const SHORTEST = 1e6;

/** The argument of HEALTHCHECK: `NONE`, or `[--interval=5s …] CMD …`. Errors: invalid. */
export function parseHealthcheck(argument: string): Healthcheck {
  const healthcheck: Healthcheck = { Test: [] };
  let rest = argument;
  for (let flag = FLAG.exec(rest); flag; flag = FLAG.exec(rest)) {
    setFlag(healthcheck, flag[1]!, flag[2]);
    rest = rest.slice(flag[0].length);
  }
  const [, kind = '', command = ''] = /^(\S*)\s*([\s\S]*)$/.exec(rest) ?? [];
  if (kind.toUpperCase() === 'NONE') {
    if (command !== '') throw new BerthError('invalid', 'HEALTHCHECK NONE takes no arguments');
    healthcheck.Test = ['NONE'];
  } else if (kind.toUpperCase() === 'CMD') {
    if (command === '') throw new BerthError('invalid', 'Missing command after HEALTHCHECK CMD');
    const list = jsonList(command);
    healthcheck.Test = list ? ['CMD', ...list] : ['CMD-SHELL', command];
  } else if (kind === '') throw new BerthError('invalid', 'HEALTHCHECK requires at least one argument');
  else throw new BerthError('invalid', `Unknown type ${JSON.stringify(kind.toUpperCase())} in HEALTHCHECK (try CMD)`);
  return healthcheck;
}

const FLAG = /^--([\w-]+)(?:=(\S*))?\s*/;

function setFlag(healthcheck: Healthcheck, name: string, value: string | undefined): void {
  const time = Object.hasOwn(TIMES, name) ? TIMES[name] : undefined;
  if (time === undefined && name !== 'retries') throw new BerthError('invalid', `Unknown flag: ${name}`);
  if (value === undefined) throw new BerthError('invalid', `Missing a value on flag: ${name}`);
  if (time !== undefined) healthcheck[time] = parseDuration(name, value);
  else {
    if (!/^[0-9]{1,9}$/.test(value)) throw new BerthError('invalid', `--retries must be at least 0 (not ${value})`);
    healthcheck.Retries = Number(value);
  }
}

function parseDuration(flag: string, text: string): number {
  const whole = /^(?:[0-9]+(?:\.[0-9]*)?(?:ns|us|µs|ms|s|m|h))+$/.test(text);
  if (!whole && text !== '0') throw new BerthError('invalid', `time: invalid duration ${JSON.stringify(text)}`);
  let sum = 0;
  for (const [, number, unit] of text.matchAll(/([0-9.]+)(ns|us|µs|ms|s|m|h)/g)) sum += Number(number) * UNITS[unit!]!;
  if (sum !== 0 && sum < SHORTEST) throw new BerthError('invalid', `Interval "${flag}" cannot be less than 1ms`);
  return Math.round(sum);
}
