type Labels = Readonly<Record<string, string>>;

interface Family {
  readonly kind: "counter" | "gauge" | "histogram";
  readonly help: string;
  readonly values: Map<string, number>;
}

/** Upper bounds of the buckets of durations, in seconds. */
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/** The adapter's own metrics in Prometheus' text format. */
export class Metrics {
  private readonly families = new Map<string, Family>();
  private readonly sources: (() => void)[] = [];

  /** Adds to a counter. */
  count(name: string, help: string, labels: Labels = {}, by = 1): void {
    const { values } = this.family(name, "counter", help);
    const key = labelsOf(labels);
    values.set(key, (values.get(key) ?? 0) + by);
  }

  /** Sets a gauge. */
  set(name: string, help: string, value: number, labels: Labels = {}): void {
    this.family(name, "gauge", help).values.set(labelsOf(labels), value);
  }

  /** Forgets all values of a gauge, before they are set anew. */
  reset(name: string): void {
    this.families.get(name)?.values.clear();
  }

  /** Observes a duration in seconds. */
  observe(name: string, help: string, seconds: number): void {
    const { values } = this.family(name, "histogram", help);
    const add = (key: string, by: number): void => void values.set(key, (values.get(key) ?? 0) + by);
    for (const bound of BUCKETS) add(`_bucket{le="${bound}"}`, seconds <= bound ? 1 : 0);
    add('_bucket{le="+Inf"}', 1);
    add("_sum", seconds);
    add("_count", 1);
  }

  /** Called before the metrics are written, to set gauges. */
  before(source: () => void): void {
    this.sources.push(source);
  }

  text(): string {
    for (const source of this.sources) source();
    return [...this.families]
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(([name, { kind, help, values }]) => {
        const lines = [...values].map(([labels, value]) => `${name}${labels} ${value}\n`);
        return `# HELP ${name} ${help}\n# TYPE ${name} ${kind}\n${lines.join("")}`;
      })
      .join("");
  }

  private family(name: string, kind: Family["kind"], help: string): Family {
    const known = this.families.get(name);
    if (known) return known;
    const family: Family = { kind, help, values: new Map() };
    this.families.set(name, family);
    return family;
  }
}

function labelsOf(labels: Labels): string {
  const entries = Object.entries(labels).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return entries.length === 0 ? "" : `{${entries.join(",")}}`;
}
