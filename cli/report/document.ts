/**
 * What `pulumi preview --json` prints (pkg/display/json.go of pulumi/pulumi), as far as a report reads it. Every field is
 * optional, since a preview that fails early prints little.
 */
export interface PreviewDocument {
  /** Name of the environment. Not of Pulumi: the caller adds it. Default: the stack in the steps' URNs. */
  readonly environment?: string;
  /** The preview's command failed. Not of Pulumi. Default: whether a diagnostic or a mandatory policy says so. */
  readonly failed?: boolean;
  /** Remarks to show with the environment, as plain text. Not of Pulumi. */
  readonly notes?: readonly string[];
  readonly config?: Readonly<Record<string, string>>;
  readonly steps?: readonly PreviewStep[];
  readonly changeSummary?: Readonly<Record<string, number>>;
  readonly diagnostics?: readonly PreviewDiagnostic[];
  /** Policy results. Not of Pulumi, whose document leaves them out. */
  readonly policyViolations?: readonly PreviewPolicyViolation[];
}

export interface PreviewStep {
  readonly op: string;
  readonly urn: string;
  readonly provider?: string;
  readonly oldState?: PreviewState;
  readonly newState?: PreviewState;
  readonly diffReasons?: readonly string[] | null;
  readonly replaceReasons?: readonly string[] | null;
  readonly detailedDiff?: Readonly<Record<string, { readonly kind: string; readonly inputDiff?: boolean }>> | null;
}

/** The fields of Pulumi's `ResourceV3` that a report reads. */
export interface PreviewState {
  readonly custom?: boolean;
  readonly parent?: string;
  readonly protect?: boolean;
  readonly provider?: string;
  readonly inputs?: JsonMap;
  readonly outputs?: JsonMap;
  readonly additionalSecretOutputs?: readonly string[];
}

export interface PreviewDiagnostic {
  readonly urn?: string;
  readonly prefix?: string;
  readonly message?: string;
  readonly severity?: string;
}

export interface PreviewPolicyViolation {
  readonly urn: string;
  readonly policy: string;
  readonly level: "advisory" | "mandatory";
  readonly outcome: "fail" | "undetermined";
  readonly message: string;
}

export type Json = null | boolean | number | string | readonly Json[] | JsonMap;

export interface JsonMap {
  readonly [key: string]: Json;
}

/**
 * Reads what a preview printed for an environment, or a list of documents that name theirs. What is neither becomes a
 * failed preview that says so, for a report must come out whatever happened before.
 */
export function readPreviews(environment: string, text: string): PreviewDocument[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    parsed = undefined;
  }
  const documents: unknown[] = Array.isArray(parsed) ? parsed : [parsed];
  return documents.map((document) => {
    if (isDocument(document)) return { ...document, environment: document.environment ?? environment };
    const message = text.trim() === "" ? "The preview printed nothing." : "The preview did not print a JSON document.";
    return {
      environment,
      failed: true,
      diagnostics: [{ severity: "error", message: `${message} See the job's log.` }],
    };
  });
}

function isDocument(value: unknown): value is PreviewDocument {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const lists = ["steps", "diagnostics", "policyViolations", "notes"].map((key): unknown => Reflect.get(value, key));
  return lists.every((list) => list === undefined || Array.isArray(list));
}

/** The parts of `urn:pulumi:<stack>::<project>::<parent types>$<type>::<name>`. A name may hold `::`. */
export function parseUrn(urn: string): { readonly stack: string; readonly type: string; readonly name: string } {
  const [head = "", , types = "", ...name] = urn.split("::");
  return {
    stack: head.split(":")[2] ?? "",
    type: types.slice(types.lastIndexOf("$") + 1),
    name: name.length === 0 ? urn : name.join("::"),
  };
}
