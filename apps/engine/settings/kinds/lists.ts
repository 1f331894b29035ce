import { type Kind, objectOf, Rejected, textOf } from './kind.ts';

/** Any number of texts, each checked; repeatable as a flag. */
export function listOf(options: {
  type?: string;
  placeholder: string;
  /** What each is, in the plural: `IP addresses`. */
  items: string;
  check: (text: string) => boolean;
}): Kind<string[]> {
  const accepted = `a list of ${options.items}`;
  const read = (text: string, index: number): string => {
    if (!options.check(text)) throw new Rejected(text, accepted, `[${index}]`);
    return text;
  };
  return {
    type: options.type ?? 'list of strings',
    placeholder: options.placeholder,
    many: true,
    fromFlag: (values) => values.map(read),
    fromFile: (value) => {
      if (!Array.isArray(value)) throw new Rejected(value, accepted);
      return value.map((item: unknown, index) => read(textOf(item, accepted, `[${index}]`), index));
    },
  };
}

/** `KEY=VALUE` pairs as a flag, an object of strings in the file. */
export const pairs: Kind<Record<string, string>> = {
  type: 'object of strings',
  placeholder: 'KEY=VALUE',
  many: true,
  fromFlag: (values) =>
    Object.fromEntries(
      values.map((text) => {
        const equals = text.indexOf('=');
        if (equals <= 0) throw new Rejected(text, 'KEY=VALUE');
        return [text.slice(0, equals), text.slice(equals + 1)];
      }),
    ),
  fromFile: (value) => stringsOf(value, ''),
};

/** As `pairs`, of these keys alone. */
export function pairsOf(...known: readonly string[]): Kind<Record<string, string>> {
  const checked = (value: Record<string, string>) => {
    const unknown = Object.keys(value).find((key) => !known.includes(key));
    if (unknown !== undefined) throw new Rejected(unknown, `one of ${known.join(', ')}`);
    return value;
  };
  return {
    ...pairs,
    fromFlag: (values) => checked(pairs.fromFlag(values)),
    fromFile: (value) => checked(pairs.fromFile(value)),
  };
}

/** DRIVER=KEY=VALUE as a flag; driver → option → value in the file. */
export const networkOptions: Kind<Record<string, Record<string, string>>> = {
  type: 'object of objects of strings',
  placeholder: 'DRIVER=KEY=VALUE',
  many: true,
  fromFlag: (values) => {
    const options: Record<string, Record<string, string>> = {};
    for (const text of values) {
      const [, driver, key, value] = /^([^=]+)=([^=]+)=(.*)$/s.exec(text) ?? [];
      if (driver === undefined || key === undefined) throw new Rejected(text, 'DRIVER=KEY=VALUE');
      options[driver] = { ...options[driver], [key]: value ?? '' };
    }
    return options;
  },
  fromFile: (value) =>
    Object.fromEntries(
      Object.entries(objectOf(value, 'an object: driver to its options')).map(([driver, options]) => [
        driver,
        stringsOf(options, `.${driver}`),
      ]),
    ),
};

function stringsOf(value: unknown, at: string): Record<string, string> {
  const entries = Object.entries(objectOf(value, 'an object of strings', at));
  return Object.fromEntries(entries.map(([key, item]) => [key, textOf(item, 'a string', `${at}.${key}`)]));
}
