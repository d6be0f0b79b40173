import {
  celEnv,
  celError,
  celList,
  celMap,
  isCelError,
  parse,
  plan,
  type CelError,
  type CelInput,
  type CelResult,
} from "@bufbuild/cel";
import { strings } from "@bufbuild/cel/ext";

import { Undetermined } from "./property";
import { isPolicyList, isPolicyMap, SecretValue, UNKNOWN, type Path, type PolicyMap, type PolicyValue } from "./value";

/** What an expression came to. `unknown` only when the result depends on a value that is not known yet. */
export type CelOutcome =
  | { readonly kind: "value"; readonly value: CelInput }
  | { readonly kind: "unknown"; readonly path: Path }
  /** The library's message is left out, since it may quote a value that is secret. */
  | { readonly kind: "error" };

type Bindings = Record<string, CelInput>;
type Evaluate = (bindings: Bindings) => CelResult;

const environment = celEnv({ funcs: strings });
const planned = new Map<string, Evaluate>();

/**
 * The values that expressions over one object read.
 *
 * Unknown values are errors to CEL, and its `&&`, `||`, `all` and `exists` absorb an error when the other side decides:
 * so a known violation is found though an unknown lies beside it.
 */
export class CelScope {
  private readonly touched: Path[] = [];
  private readonly bindings: Bindings;

  constructor(object: PolicyMap, variables: readonly { readonly name: string; readonly expression: string }[]) {
    const values = new Map<string, CelInput | CelError>();
    this.bindings = { object: this.convertMap(object, []), variables: mapOf(values, (value) => value) };
    // In order, as an API server does: a variable may read those before it. An error is met where it is read.
    for (const { name, expression } of variables) values.set(name, this.run(expression));
  }

  evaluate(expression: string): CelOutcome {
    const result = this.run(expression);
    if (!isCelError(result)) return { kind: "value", value: result };
    const path = this.touched[0];
    return path === undefined ? { kind: "error" } : { kind: "unknown", path };
  }

  private run(expression: string): CelResult {
    let evaluate = planned.get(expression);
    if (evaluate === undefined) {
      evaluate = plan(environment, parse(expression));
      planned.set(expression, evaluate);
    }
    return evaluate(this.bindings);
  }

  private convert(value: PolicyValue, path: Path): CelInput | CelError {
    if (value === UNKNOWN) return celError(new Undetermined(path));
    if (value instanceof SecretValue) return this.convert(value.value, path);
    // The API server's JSON has one number type for CEL's int; the library takes a JavaScript number for a double.
    if (typeof value === "number") return Number.isInteger(value) ? BigInt(value) : value;
    if (isPolicyList(value)) return this.convertList(value, path);
    return isPolicyMap(value) ? this.convertMap(value, path) : value;
  }

  private convertMap(map: PolicyMap, path: Path): CelInput {
    const entries = new Map<string, CelInput | CelError>();
    for (const [key, value] of Object.entries(map)) {
      // An API server drops nulls before admission, so `has()` is false for them.
      if (value !== undefined && value !== null) entries.set(key, this.convert(value, [...path, key]));
    }
    return mapOf(entries, (value) => this.touch(value));
  }

  private convertList(list: readonly PolicyValue[], path: Path): CelInput {
    const items = list.map((item, index) => this.convert(item, [...path, index]));
    const read = listReader(items, (value) => this.touch(value));
    return new Proxy(celList([]), { get: (target, key) => Reflect.get(Reflect.has(read, key) ? read : target, key) });
  }

  private touch(value: CelInput | CelError): CelInput | CelError {
    if (isCelError(value) && value.cause instanceof Undetermined) this.touched.push(value.cause.path);
    return value;
  }
}

type Touch = (value: CelInput | CelError) => CelInput | CelError;

/** A CEL map whose values may be errors, which the library's own maps refuse. */
function mapOf(entries: ReadonlyMap<string, CelInput | CelError>, touch: Touch): CelInput {
  const get = (key: string) => {
    const value = entries.get(key);
    return value === undefined ? undefined : touch(value);
  };
  const pairs = () => [...entries].map(([key, value]) => [key, touch(value)]).values();
  const read = {
    get,
    has: (key: string) => entries.has(key),
    keys: () => entries.keys(),
    values: () => [...entries.values()].map(touch).values(),
    entries: pairs,
    [Symbol.iterator]: pairs,
  };
  return new Proxy(celMap(new Map()), {
    get(target, key) {
      if (key === "size") return entries.size;
      return Reflect.get(Reflect.has(read, key) ? read : target, key);
    },
  });
}

function listReader(items: readonly (CelInput | CelError)[], touch: Touch) {
  const values = () => items.map(touch).values();
  const get = (index: number | bigint) => {
    const item = items[Number(index)];
    return item === undefined ? undefined : touch(item);
  };
  return { size: items.length, get, values, [Symbol.iterator]: values };
}
