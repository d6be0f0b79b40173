import type { Identity, Series } from "./series";

/** What is measured of one object, edge or backend in the window. */
export interface Measured {
  readonly success: number;
  readonly failure: number;
  /** Milliseconds; absent if there was no request. */
  readonly p50?: number;
  readonly p90?: number;
  readonly p99?: number;
}

export const NOTHING: Measured = { success: 0, failure: 0 };

/** One line of an answer of Prometheus: labels and a value. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export type PrometheusQuery = (query: string) => Promise<readonly Sample[]>;

/** A thing among those that a query tells apart. */
export interface Group extends Measured {
  readonly namespace?: string;
  readonly name?: string;
}

const QUANTILES = { p50: 0.5, p90: 0.9, p99: 0.99 } as const;

/**
 * Counts and quantiles of the last window, for each object that the identity tells apart (or for all together without one).
 * Counters are those of Prometheus' `increase`, which extrapolates to the window's ends, and are rounded.
 */
export async function measure(
  ask: PrometheusQuery,
  series: Series,
  matchers: readonly string[],
  identity: Identity | undefined,
  seconds: number,
): Promise<readonly Group[]> {
  const groups = new Map<string, { -readonly [K in keyof Group]: Group[K] }>();
  const take = (samples: readonly Sample[], field: keyof Measured, scale: number): void => {
    for (const { labels, value } of samples) {
      if (!Number.isFinite(value)) continue;
      const { g_namespace: namespace, g_name: name } = labels;
      const key = `${namespace ?? ""}/${name ?? ""}`;
      const group = groups.get(key) ?? { ...NOTHING, ...(namespace && { namespace }), ...(name && { name }) };
      groups.set(key, group);
      group[field] = value * scale;
    }
  };
  const sum = (metric: string, more: readonly string[], by: readonly string[]): string => {
    const selector = [...series.selector, ...matchers, ...more].join(",");
    return summed(`increase(${metric}{${selector}}[${seconds}s])`, identity, by);
  };
  await Promise.all([
    ask(sum(series.requests, [series.success], [])).then((samples) => take(samples, "success", 1)),
    ask(sum(series.requests, [series.failure], [])).then((samples) => take(samples, "failure", 1)),
    ...Object.entries(QUANTILES).map(async ([field, quantile]) => {
      const samples = await ask(`histogram_quantile(${quantile}, ${sum(series.latency, [], ["le"])})`);
      take(samples, field as keyof Measured, series.toMilliseconds);
    }),
  ]);
  return [...groups.values()];
}

/** A sum over all but the identity's labels, which get names that do not depend on the mesh. */
function summed(expression: string, identity: Identity | undefined, by: readonly string[]): string {
  const labels = [...by];
  let inner = expression;
  if (identity?.namespace) {
    inner = `label_replace(${inner}, "g_namespace", "$1", "${identity.namespace}", "(.*)")`;
    labels.push("g_namespace");
  }
  if (identity?.name) {
    inner = `label_replace(${inner}, "g_name", "$1", "${identity.name}", ${JSON.stringify(identity.within ?? "(.*)")})`;
    labels.push("g_name");
  }
  return `sum by (${labels.join(", ")}) (${inner})`;
}

/** Label matchers for one object, or for all of a namespace. */
export function matchersOf(identity: Identity, namespace: string | undefined, name?: string): readonly string[] {
  const { namespace: namespaceLabel, name: nameLabel, within } = identity;
  return [
    ...(namespaceLabel && namespace !== undefined ? [`${namespaceLabel}="${namespace}"`] : []),
    ...(nameLabel && name !== undefined
      ? [within ? `${nameLabel}=~${JSON.stringify(within.replace("(.+)", escape(name)))}` : `${nameLabel}="${name}"`]
      : []),
    ...(nameLabel && name === undefined ? [`${nameLabel}!=""`] : []),
  ];
}

/** Names of Kubernetes have one character that means something in an expression. */
function escape(name: string): string {
  return name.replaceAll(".", "\\.");
}
