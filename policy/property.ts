import { formatPath, isPolicyMap, SecretValue, UNKNOWN, type Path, type PolicyValue } from "./value";

/** Thrown when a rule touches a value that is not known yet. Rules never catch it: see `anyOf` and `eachOf`. */
export class Undetermined extends Error {
  constructor(readonly path: Path) {
    super(`${formatPath(path)} is not known yet`);
  }
}

/** Thrown when a value has a shape that the rule cannot read; the resource fails the rule. */
export class Malformed extends Error {
  constructor(
    readonly path: Path,
    readonly found: string,
    readonly allowed: string,
  ) {
    super(`${formatPath(path)}: found ${found}, allowed: ${allowed}`);
  }
}

/** A parsed JSON document of any shape. */
export interface JsonNode {
  readonly [key: string]: JsonNode;
}

/**
 * One value among a resource's inputs. It is the only way by which a rule sees a value, so no rule can take an unknown
 * for an absent one: every method but `at` on a known map throws `Undetermined` when the value is unknown.
 *
 * `T` is the resource's argument type; it makes a misspelt property name a compile error.
 */
export class Property<T> {
  private readonly value: PolicyValue | undefined;
  private readonly secret: boolean;

  constructor(
    value: PolicyValue | undefined,
    readonly path: Path = [],
    secret = false,
  ) {
    this.secret = secret || value instanceof SecretValue;
    this.value = value instanceof SecretValue ? unwrap(value) : value;
  }

  /** The property of this map; absent when this is absent. */
  at<K extends keyof NonNullable<T> & string>(key: K): Property<NonNullable<T>[K]> {
    const value = this.known();
    if (value !== undefined && !isPolicyMap(value)) throw this.malformed("an object");
    const own = value !== undefined && Object.hasOwn(value, key) ? value[key] : undefined;
    return new Property(own, [...this.path, key], this.secret);
  }

  /** Whether there is no value. Null counts as none. */
  isAbsent(): boolean {
    return this.known() === undefined;
  }

  /** The boolean, or undefined when absent. */
  boolean(): boolean | undefined {
    const value = this.known();
    if (value === undefined || typeof value === "boolean") return value;
    throw this.malformed("true or false");
  }

  /** The number, or undefined when absent. */
  number(): number | undefined {
    const value = this.known();
    if (value === undefined || typeof value === "number") return value;
    throw this.malformed("a number");
  }

  /** The string, or undefined when absent. */
  text(): string | undefined {
    const value = this.known();
    if (value === undefined || typeof value === "string") return value;
    throw this.malformed("a string");
  }

  /** The list's items, none when absent. */
  items(): Property<Item<T>>[] {
    const value = this.known();
    if (value === undefined) return [];
    if (!Array.isArray(value)) throw this.malformed("a list");
    return value.map((item: PolicyValue, index) => new Property<Item<T>>(item, [...this.path, index], this.secret));
  }

  /** The list's items, or this value alone when it is no list, as IAM documents write one of many. None when absent. */
  oneOrMany(): Property<Item<T>>[] {
    const value = this.known();
    if (Array.isArray(value)) return this.items();
    return value === undefined ? [] : [new Property<Item<T>>(value, this.path, this.secret)];
  }

  /** The names of the map's properties, sorted, none when absent. */
  keys(): string[] {
    const value = this.known();
    if (value === undefined) return [];
    if (!isPolicyMap(value)) throw this.malformed("an object");
    return Object.keys(value)
      .filter((key) => value[key] !== undefined && value[key] !== null)
      .sort();
  }

  /** Whether the value is a map. */
  isMap(): boolean {
    return isPolicyMap(this.known());
  }

  /** The JSON document that this value holds as text, or is. */
  document(): Property<JsonNode> {
    const value = this.known();
    if (value === undefined || isPolicyMap(value)) return new Property<JsonNode>(value, this.path, this.secret);
    if (typeof value !== "string") throw this.malformed("a JSON document");
    return new Property<JsonNode>(this.parse(value), this.path, this.secret);
  }

  /**
   * The value for a message. Strings are shown only when they are words of `vocabulary`, which the rule wrote itself:
   * in some engines a rule cannot see which strings are secret.
   */
  shown(vocabulary: readonly string[] = []): string {
    const value = this.known();
    if (value === undefined) return "nothing";
    if (this.secret) return "[secret]";
    if (typeof value === "boolean" || typeof value === "number") return String(value);
    if (typeof value === "string") return vocabulary.includes(value) ? `"${value}"` : "another text";
    return Array.isArray(value) ? "a list" : "an object";
  }

  private known(): Exclude<PolicyValue, typeof UNKNOWN | SecretValue | null> | undefined {
    if (this.value === UNKNOWN) throw new Undetermined(this.path);
    if (this.value === null || this.value instanceof SecretValue) return undefined;
    return this.value;
  }

  private parse(text: string): PolicyValue {
    try {
      return JSON.parse(text) as PolicyValue;
    } catch {
      // The parser's own message quotes the text.
      throw new Malformed(this.path, "text that is not JSON", "a JSON document");
    }
  }

  private malformed(allowed: string): Malformed {
    const value = this.known();
    const found = Array.isArray(value) ? "a list" : typeof value === "object" ? "an object" : `a ${typeof value}`;
    return new Malformed(this.path, found, allowed);
  }
}

type Item<T> = NonNullable<T> extends readonly (infer U)[] ? U : NonNullable<T>;

function unwrap(value: PolicyValue): PolicyValue {
  return value instanceof SecretValue ? unwrap(value.value) : value;
}

/**
 * Runs each action though an earlier one touched an unknown, so that what can be found is found; then the first
 * unknown is thrown.
 */
export function eachOf<T>(items: readonly T[], action: (item: T) => void): void {
  let undetermined: Undetermined | undefined;
  for (const item of items) {
    try {
      action(item);
    } catch (error) {
      if (!(error instanceof Undetermined)) throw error;
      undetermined ??= error;
    }
  }
  if (undetermined !== undefined) throw undetermined;
}

/** Kleene's OR: true if any condition is true, whatever is unknown; else the first unknown is thrown; else false. */
export function anyOf(conditions: readonly (() => boolean)[]): boolean {
  let found = false;
  try {
    eachOf(conditions, (condition) => {
      found ||= condition();
    });
  } catch (error) {
    if (!found || !(error instanceof Undetermined)) throw error;
  }
  return found;
}

/** Kleene's AND: false if any condition is false, whatever is unknown; else the first unknown is thrown; else true. */
export function allOf(conditions: readonly (() => boolean)[]): boolean {
  return !anyOf(conditions.map((condition) => () => !condition()));
}
