import { anyOf, type JsonNode, type Property } from "../property";

/**
 * The statements of an IAM document that allow something. A statement with any effect but `Deny` counts, so that a
 * misspelt one is judged rather than skipped.
 */
export function allowStatements<T>(document: Property<T>): Property<JsonNode>[] {
  return document
    .document()
    .at("Statement")
    .oneOrMany()
    .filter((statement) => statement.at("Effect").text() !== "Deny");
}

/** Whether a statement is for everyone: `"Principal": "*"`, `{"AWS": "*"}`, or everyone but some. */
export function isForEveryone(statement: Property<JsonNode>): boolean {
  return anyOf([
    () => !statement.at("NotPrincipal").isAbsent(),
    () => {
      const principal = statement.at("Principal");
      if (!principal.isMap()) return hasStar(principal);
      return anyOf(principal.keys().map((kind) => () => hasStar(principal.at(kind))));
    },
  ]);
}

function hasStar(names: Property<JsonNode>): boolean {
  return anyOf(names.oneOrMany().map((name) => () => name.text() === "*"));
}

/** Whether one of a statement's actions, which may hold wildcards, covers an action. */
export function coversAction(statement: Property<JsonNode>, action: string): boolean {
  return anyOf([
    () => !statement.at("NotAction").isAbsent(),
    ...statement
      .at("Action")
      .oneOrMany()
      .map((pattern) => () => matchesGlob(pattern.text() ?? "", action)),
  ]);
}

/** IAM's wildcards: `*` for any text, `?` for one character. Actions are compared without regard to case. */
function matchesGlob(pattern: string, text: string): boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replace(/\*/g, ".*")
    .replace(/\?/g, ".");
  return new RegExp(`^${source}$`, "i").test(text);
}
