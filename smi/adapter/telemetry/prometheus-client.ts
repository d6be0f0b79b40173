import type { PrometheusQuery, Sample } from "./query";

/** Prometheus cannot be reached, or does not answer as it should. */
export class PrometheusError extends Error {}

/** Milliseconds after which a query is given up. */
const TIMEOUT = 10_000;

/** Asks a Prometheus for the present value of an expression (https://prometheus.io/docs/prometheus/latest/querying/api/). */
export function prometheusAt(url: string): PrometheusQuery {
  const endpoint = `${url.replace(/\/+$/, "")}/api/v1/query`;
  return async (query) => {
    let text: string;
    let status: number;
    try {
      const response = await fetch(endpoint, {
        method: "POST",
        body: new URLSearchParams({ query }),
        signal: AbortSignal.timeout(TIMEOUT),
      });
      status = response.status;
      text = await response.text();
    } catch (error) {
      const { cause, message } = error as Error & { readonly cause?: { readonly message?: string } };
      throw new PrometheusError(`Prometheus at ${url} cannot be reached: ${cause?.message || message}`);
    }
    return samplesOf(url, status, text);
  };
}

interface Answer {
  readonly status?: string;
  readonly error?: string;
  readonly data?: {
    readonly result?: readonly { readonly metric: Record<string, string>; readonly value: readonly [number, string] }[];
  };
}

function samplesOf(url: string, status: number, text: string): Sample[] {
  let answer: Answer;
  try {
    answer = JSON.parse(text) as Answer;
  } catch {
    throw new PrometheusError(`Prometheus at ${url} answered ${status} and not in JSON; is it a Prometheus?`);
  }
  if (status !== 200 || answer.status !== "success") {
    throw new PrometheusError(`Prometheus at ${url} answered ${status}: ${answer.error ?? "no reason"}`);
  }
  return (answer.data?.result ?? []).map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }));
}
