/** Label → value. */
export type Labels = Readonly<Record<string, string>>;

/** One line of figures. */
export interface Sample {
  labels?: Labels;
  value: number;
}

export type Kind = 'counter' | 'gauge';

/** A family of figures as Prometheus reads it (text format 0.0.4). */
export function family(name: string, kind: Kind, help: string, samples: readonly Sample[]): string {
  const lines = samples.map(({ labels, value }) => `${name}${labelText(labels)} ${numberText(value)}\n`);
  return `${head(name, kind, help)}${lines.join('')}`;
}

/** Counts durations in seconds, by one label. */
export class Histogram {
  readonly #name: string;
  readonly #help: string;
  readonly #label: string;
  readonly #series = new Map<string, { counts: number[]; sum: number; count: number }>();

  /** `values` are there from the start, with no duration. */
  constructor(name: string, help: string, label: string, values: readonly string[]) {
    this.#name = name;
    this.#help = help;
    this.#label = label;
    for (const value of values) this.#of(value);
  }

  observe(value: string, seconds: number): void {
    const series = this.#of(value);
    series.sum += seconds;
    series.count++;
    const bucket = BOUNDS.findIndex((bound) => seconds <= bound);
    if (bucket >= 0) series.counts[bucket]!++;
  }

  text(): string {
    const lines = [...this.#series].flatMap(([value, { counts, sum, count }]) => {
      const label = { [this.#label]: value };
      let below = 0;
      const buckets = BOUNDS.map((bound, index) => {
        below += counts[index]!;
        return `${this.#name}_bucket${labelText({ ...label, le: String(bound) })} ${below}\n`;
      });
      return [
        ...buckets,
        `${this.#name}_bucket${labelText({ ...label, le: '+Inf' })} ${count}\n`,
        `${this.#name}_sum${labelText(label)} ${numberText(sum)}\n`,
        `${this.#name}_count${labelText(label)} ${count}\n`,
      ];
    });
    return `${head(this.#name, 'histogram', this.#help)}${lines.join('')}`;
  }

  #of(value: string) {
    const series = this.#series.get(value) ?? { counts: BOUNDS.map(() => 0), sum: 0, count: 0 };
    this.#series.set(value, series);
    return series;
  }
}

/** Upper bounds of the buckets in seconds: those of Prometheus's libraries, and two below for what is fast here. */
const BOUNDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

function head(name: string, kind: string, help: string): string {
  return `# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n# TYPE ${name} ${kind}\n`;
}

function labelText(labels: Labels = {}): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeValue(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function escapeValue(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

function numberText(value: number): string {
  if (Number.isFinite(value)) return String(value);
  return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
}
