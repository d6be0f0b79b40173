/** What an API server makes of an object: it takes it, or why not. */
export type Outcome =
  | "accepted"
  | "already exists"
  | "conflict"
  | "immutable"
  | "invalid"
  | "namespace missing"
  | "not served"
  | "policy"
  | "pod security"
  | "quota"
  | "required"
  | "unknown field"
  | "webhook";

const WORDS: readonly (readonly [RegExp, Outcome])[] = [
  [/violates PodSecurity/, "pod security"],
  [/(exceeded|failed) quota/, "quota"],
  [/ValidatingAdmissionPolicy '/, "policy"],
  [/failed calling webhook/, "webhook"],
  [/conflicts? with "/, "conflict"],
  [/unknown field|field not declared in schema/, "unknown field"],
  [/Required value/, "required"],
  [/field is immutable|cannot change roleRef|when `immutable` is set/, "immutable"],
  [/namespaces? "[^"]*" not found/, "namespace missing"],
  [/already exists/, "already exists"],
  [/no matches for kind|could not find the requested resource|404 page not found/, "not served"],
  [/Invalid value|is invalid/, "invalid"],
];

/** What the words of an API server mean. Throws for words that mean nothing known. */
export function outcomeOf(message: string): Outcome {
  const found = WORDS.find(([words]) => words.test(message));
  if (found === undefined) throw new Error(`this is no known reason: ${message}`);
  return found[1];
}

/** The part of a refusal that must be the same word for word, where there is one. */
export function reasonOf(message: string): string | undefined {
  return /(violates PodSecurity .*|denied request: .*|(?:exceeded|failed) quota: .*|failed calling webhook .*not found)/.exec(
    message,
  )?.[1];
}
