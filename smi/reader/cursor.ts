import { type Position, PROBLEM_CODES, type Problem, type ProblemCode } from "../problem";
import { didYouMean, listed } from "./suggest";

/** The document that a cursor walks through. */
export interface DocumentContext {
  /** `shop.yaml#2`, or with kind and name once they are known. */
  label: string;
  readonly problems: Problem[];
  /** Line of a field, from 1. */
  lineOf(path: readonly (string | number)[]): number | undefined;
}

/** A value in a document that knows where it stands, so that every complaint names its field and line. */
export class Cursor {
  constructor(
    private readonly context: DocumentContext,
    readonly value: unknown,
    private readonly path: readonly (string | number)[] = [],
  ) {}

  get exists(): boolean {
    return this.value !== undefined && this.value !== null;
  }

  get position(): Position {
    const line = this.context.lineOf(this.path);
    return { path: this.text, ...(line === undefined ? {} : { line }) };
  }

  /** `spec.rules[0].name`. */
  private get text(): string {
    return this.path.reduce<string>((text, key) => {
      return typeof key === "number" ? `${text}[${key}]` : text === "" ? key : `${text}.${key}`;
    }, "");
  }

  fail(code: ProblemCode, message: string): void {
    const { path, line } = this.position;
    this.context.problems.push({
      code,
      severity: PROBLEM_CODES[code].severity,
      where: path === "" ? this.context.label : `${this.context.label} ${path}`,
      ...(line === undefined ? {} : { line }),
      message,
    });
  }

  /** A field, without a check of the others. */
  get(key: string): Cursor {
    const value = isRecord(this.value) ? this.value[key] : undefined;
    return new Cursor(this.context, value, [...this.path, key]);
  }

  /** The value that a text holds as JSON; what is inside stands at the text's own place. */
  json(): Cursor {
    if (!this.exists) return this;
    try {
      if (typeof this.value === "string") return new Cursor(this.context, JSON.parse(this.value), this.path);
    } catch {
      // Said below, as for what is no text.
    }
    this.fail(
      "SMI-FIELD",
      `found ${shown(this.value)}, allowed: what a conversion wrote, JSON; remove it or restore it`,
    );
    return new Cursor(this.context, undefined, this.path);
  }

  /** Complains about what is not a mapping, and about fields that are not in the list. */
  fields(allowed: readonly string[], hints: Readonly<Record<string, string>> = {}): void {
    if (!isRecord(this.value)) {
      this.fail("SMI-FIELD", `found ${shown(this.value)}, allowed: a mapping with ${listed(allowed)}`);
      return;
    }
    for (const key of Object.keys(this.value)) {
      if (allowed.includes(key)) continue;
      const hint = hints[key] ? ` ${hints[key]}` : didYouMean(key, allowed);
      this.get(key).fail("SMI-UNKNOWN-FIELD", `found the field "${key}", allowed: ${listed(allowed)}.${hint}`);
    }
  }

  /** Items of a list; an absent list is empty. */
  items(): Cursor[] {
    if (!this.exists) return [];
    if (!Array.isArray(this.value)) {
      this.fail("SMI-FIELD", `found ${shown(this.value)}, allowed: a list (write each item after "- ")`);
      return [];
    }
    return this.value.map((item: unknown, index) => new Cursor(this.context, item, [...this.path, index]));
  }

  /** Entries of a mapping, in their order. */
  entries(): [string, Cursor][] {
    return isRecord(this.value) ? Object.keys(this.value).map((key) => [key, this.get(key)]) : [];
  }

  /** A required text. */
  string(what: string): string | undefined {
    if (typeof this.value === "string" && this.value !== "") return this.value;
    this.fail("SMI-FIELD", this.exists ? `found ${shown(this.value)}, allowed: ${what}` : `is missing; write ${what}`);
    return undefined;
  }

  /** A text that may be absent. */
  optionalString(what: string): string | undefined {
    return this.exists ? this.string(what) : undefined;
  }

  /** A port from 1 to 65,535, as an integer or as text. */
  port(): number | undefined {
    const port = typeof this.value === "string" && /^\d+$/.test(this.value) ? Number(this.value) : this.value;
    if (typeof port === "number" && Number.isInteger(port) && port >= 1 && port <= 65_535) return port;
    this.fail("SMI-FIELD", `found ${shown(this.value)}, allowed: a container port from 1 to 65535`);
    return undefined;
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A value as a message shows it. */
export function shown(value: unknown): string {
  if (value === undefined || value === null) return "nothing";
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" ? "a mapping" : JSON.stringify(value);
}
