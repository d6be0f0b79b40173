import type { PreviewDocument, PreviewStep } from "../../../cli/report";

type State = NonNullable<PreviewStep["oldState"]>;

/** URN of a resource of the environment `dev`, or of another stack. */
export function urn(type: string, name: string, stack = "dev"): string {
  return `urn:pulumi:${stack}::isthmus::${type}::${name}`;
}

export function create(type: string, name: string, parent?: string): PreviewStep {
  return { op: "create", urn: urn(type, name), newState: { custom: true, parent, inputs: {} } };
}

export function remove(type: string, name: string, state: State = {}): PreviewStep {
  return { op: "delete", urn: urn(type, name), oldState: { custom: true, ...state } };
}

type Inputs = NonNullable<State["inputs"]>;

export function update(type: string, name: string, path: string, before: Inputs, after: Inputs): PreviewStep {
  return {
    op: "update",
    urn: urn(type, name),
    oldState: { custom: true, inputs: before, outputs: before },
    newState: { custom: true, inputs: after },
    diffReasons: [path],
    detailedDiff: { [path]: { kind: "update", inputDiff: true } },
  };
}

/** The three steps of a replacement, as Pulumi lists them. */
export function replace(type: string, name: string, path: string, before: Inputs, after: Inputs): PreviewStep[] {
  const whole = {
    ...update(type, name, path, before, after),
    replaceReasons: [path],
    detailedDiff: { [path]: { kind: "update-replace", inputDiff: true } },
  };
  return ["create-replacement", "replace", "delete-replaced"].map((op) => ({ ...whole, op }));
}

export function preview(
  environment: string,
  steps: readonly PreviewStep[],
  rest: PreviewDocument = {},
): PreviewDocument {
  return { environment, steps, ...rest };
}

/** The rows of the table under a title, as cells. */
export function rows(report: string, title: string): string[][] {
  const lines = report.split("\n");
  const start = lines.indexOf(title);
  if (start === -1) return [];
  const end = lines.findIndex((line, index) => index > start + 1 && !line.startsWith("|"));
  return lines.slice(start + 4, end === -1 ? undefined : end).map((line) =>
    plain(line)
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

/** What a reader sees of a line: tags taken off, entities decoded; pipes of values stay entities. */
export function plain(line: string): string {
  return line
    .replace(/<\/?code>/g, "")
    .replace(/&#(\d+);/g, (entity, number) => (number === "124" ? entity : String.fromCharCode(Number(number))));
}
