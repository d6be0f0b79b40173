/** One number of a benchmark. */
export interface Measurement {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  /** The value that it must not exceed. */
  readonly goal?: number;
}

/** What a file of this folder measures. */
export interface Bench {
  readonly title: string;
  run(): AsyncIterable<Measurement>;
}
