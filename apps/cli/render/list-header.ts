import { type MapType, STRING, type Value } from './template/value.ts';

/** What a table's template sees when its heading is made: field → heading, and `.Label "com.example.my-key"` gives `my key`. */
export function headerValue(headers: Readonly<Record<string, string>>): Value {
  return { type: HEADER, v: headers };
}

const HEADER: MapType = {
  kind: 'map',
  name: 'formatter.SubHeaderContext',
  elem: STRING,
  methods: {
    Label: { params: [STRING], call: (_headers, name: string) => (name.split('.').at(-1) ?? '').replace(/[-_]/g, ' ') },
  },
};
