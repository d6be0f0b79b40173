import type { Json, JsonMap, PreviewDocument, PreviewState, PreviewStep } from "./document";
import { isJsonMap, lookup, parsePath, type PropertyPath } from "./paths";

/** Key under which Pulumi marks a value that is more than JSON (sdk/go/common/resource/sig.go). */
const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";

/** What stands in place of a secret, as in Pulumi's own output. */
export const MASK = "[secret]";

/** What a key or certificate in PEM form starts with. */
export const PEM = "-----BEGIN";

/** Names of properties that hold a credential whether or not the program marked it. */
const TELLING =
  /(password|passphrase|token|privatekey|private_key|connectionstring|kubeconfig|accesskey|secretkey|clientsecret|secretstring|credentials?)$/i;

/** Shorter texts occur by chance; replacing them everywhere would make a report unreadable. */
const SHORTEST_SCRUBBED = 4;

/** Whether a value is a secret as a preview shows one, or as a state file seals one. */
function isSecret(value: Json | undefined): boolean {
  if (value === MASK) return true;
  if (!isJsonMap(value)) return false;
  return value[SIGNATURE] === SECRET || (SIGNATURE in value && ("ciphertext" in value || "plaintext" in value));
}

/**
 * Whether the value at a path must not be shown, on either side of a change: a property that becomes secret was shown
 * in plain text in the old state (https://github.com/pulumi/pulumi/issues/9330).
 */
export function isSecretPath(step: PreviewStep, type: string, path: PropertyPath): boolean {
  const states = [step.oldState, step.newState];
  if (/^kubernetes:core\/[^:]+:Secret(Patch)?$/.test(type) && (path[0] === "data" || path[0] === "stringData"))
    return true;
  const name = path.findLast((part) => typeof part === "string");
  if (name !== undefined && TELLING.test(name)) return true;
  return states.some((state) => state !== undefined && isSecretIn(state, path));
}

function isSecretIn(state: PreviewState, path: PropertyPath): boolean {
  if (state.additionalSecretOutputs?.includes(String(path[0])) === true) return true;
  return [state.inputs, state.outputs].some((properties) =>
    path.some((_, index) => isSecret(lookup(properties, path.slice(0, index + 1)))),
  );
}

/** Takes out of any text the values that a document shows in plain on one side and as secrets on the other. */
export class Scrubber {
  private readonly texts: readonly string[];

  constructor(documents: readonly PreviewDocument[]) {
    const found = new Set<string>();
    for (const { steps = [] } of documents) steps.forEach((step) => collect(step, found));
    // The longest first, so that no secret is left in part because it holds another.
    this.texts = [...found].sort((a, b) => b.length - a.length || (a < b ? -1 : 1));
  }

  scrub(text: string): string {
    return this.texts.reduce((rest, secret) => rest.replaceAll(secret, MASK), text);
  }
}

function collect({ oldState, newState }: PreviewStep, found: Set<string>): void {
  const sides = [oldState?.inputs, oldState?.outputs, newState?.inputs, newState?.outputs];
  for (const marked of sides) {
    for (const other of sides) if (marked !== other) collectPair(marked, other, found);
  }
  for (const state of [oldState, newState]) {
    for (const key of state?.additionalSecretOutputs ?? []) {
      sides.forEach((side) => collectTexts(side?.[key], found));
    }
  }
}

function collectPair(marked: Json | undefined, other: Json | undefined, found: Set<string>): void {
  if (isSecret(marked)) {
    if (!isSecret(other)) collectTexts(other, found);
  } else if (isJsonMap(marked) && isJsonMap(other)) {
    for (const key of Object.keys(marked)) collectPair(marked[key], other[key], found);
  } else if (isList(marked) && isList(other)) {
    marked.forEach((item, index) => collectPair(item, other[index], found));
  }
}

function collectTexts(value: Json | undefined, found: Set<string>): void {
  if (typeof value === "string") {
    if (value !== MASK && value.length >= SHORTEST_SCRUBBED) found.add(value);
  } else if (isList(value)) value.forEach((item) => collectTexts(item, found));
  else if (isJsonMap(value)) Object.values(value).forEach((item) => collectTexts(item, found));
}

function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}

/** The value of a property before and after, ready for a cell: a scalar that may be shown, or a word for it. */
export function describe(
  step: PreviewStep,
  type: string,
  path: string,
): { readonly old: string; readonly new: string } {
  const parsed = parsePath(path);
  if (isSecretPath(step, type, parsed)) return { old: MASK, new: MASK };
  const inputDiff = step.detailedDiff?.[path]?.inputDiff ?? true;
  const before =
    (inputDiff ? undefined : lookup(step.oldState?.outputs, parsed)) ?? lookup(step.oldState?.inputs, parsed);
  const after: JsonMap | undefined = step.newState?.inputs ?? step.newState?.outputs;
  return { old: word(before ?? lookup(step.oldState?.outputs, parsed)), new: word(lookup(after, parsed)) };
}

/** What an unknown value is on the wire, and so in a preview's document. */
const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

function word(value: Json | undefined): string {
  if (value === undefined || value === null) return "nothing";
  if (isSecret(value)) return MASK;
  if (value === UNKNOWN) return "known after the change";
  if (typeof value === "string") {
    if (value.includes(PEM)) return "a key or certificate";
    return value.length > 100 || value.includes("\n") ? `a text of ${value.length} characters` : `"${value}"`;
  }
  return typeof value === "object" ? (isList(value) ? `a list of ${value.length}` : "an object") : String(value);
}
