import { readFileSync } from "node:fs";
import { parse as parsePath } from "node:path";

import { SIGNATURE, UNKNOWN_SENTINEL } from "../../local/protocol/property";
import { urnName, urnStack, urnType } from "../../local/protocol/urn";
import { evaluate, SecretValue, today, UNKNOWN, type PolicyMap, type PolicyValue } from "../../policy";
import { readPreviews, renderReport, sanitize, type PreviewDocument, type PreviewPolicyViolation } from "../report";
import type { Json, JsonMap } from "../report/document";
import { UserError } from "../user-error";

export interface ReportOptions {
  readonly json?: boolean;
  /** Address of the job's log, linked at the end. */
  readonly runUrl?: string;
}

/** `isthmus report`: previews, ours or those of `pulumi preview --json`, as Markdown for a pull request. */
export function reportVerb(files: readonly string[], { json = false, runUrl }: ReportOptions): Promise<number> {
  const documents = (files.length === 0 ? [0 as const] : files).flatMap(readDocuments).map(withPolicies);
  process.stdout.write(
    json
      ? `${JSON.stringify(documents.map(sanitize), null, 2)}\n`
      : renderReport(documents, runUrl === undefined ? {} : { runUrl }),
  );
  return Promise.resolve(0);
}

/** @param file a path, whose stem names the environment, or 0 for standard input */
function readDocuments(file: string | 0): PreviewDocument[] {
  try {
    return readPreviews(file === 0 ? "local" : parsePath(file).name, readFileSync(file, "utf8"));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    throw new UserError(
      `cannot read ${file}: ${(error as Error).message}. Name files that a preview with --json wrote.`,
    );
  }
}

/** The real CLI's document leaves policy results out, so the rules are asked again about what it would make. */
function withPolicies(document: PreviewDocument): PreviewDocument {
  if (document.policyViolations !== undefined) return document;
  const policyViolations = (document.steps ?? []).flatMap(({ op, urn, newState }): PreviewPolicyViolation[] => {
    if (newState?.inputs === undefined || op.startsWith("delete")) return [];
    const resource = {
      type: urnType(urn),
      name: urnName(urn),
      properties: policyMap(newState.inputs),
      stack: urnStack(urn),
      protect: newState.protect === true,
      today: today(),
    };
    return evaluate(resource).flatMap(({ policy, level, outcome, message }) =>
      outcome === "pass" ? [] : [{ urn, policy, level, outcome, message }],
    );
  });
  return { ...document, policyViolations };
}

function policyValue(value: Json): PolicyValue {
  if (value === UNKNOWN_SENTINEL) return UNKNOWN;
  if (value === "[secret]") return new SecretValue(value);
  if (Array.isArray(value)) return value.map((item: Json) => policyValue(item));
  if (typeof value !== "object" || value === null) return value;
  if (SIGNATURE in value) return new SecretValue(null);
  return policyMap(value as JsonMap);
}

function policyMap(map: JsonMap): PolicyMap {
  return Object.fromEntries(
    Object.entries(map).map(([key, value]): [string, PolicyValue] => [key, policyValue(value)]),
  );
}
