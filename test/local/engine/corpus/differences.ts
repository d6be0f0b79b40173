import type { JavaScriptValue } from "google-protobuf/google/protobuf/struct_pb";

import type { Observed, ObservedRun } from "./observation";

type Lines = "steps" | "order" | "errors";

/** Where the embedded engine does not do as the real CLI did, and why that is accepted. */
export interface Difference {
  readonly lifecycle: string;
  readonly generation: string;
  readonly reason: string;
  readonly preview?: LineChanges;
  readonly run?: LineChanges;
  /** Entries of the state, as they are instead. */
  readonly state?: Readonly<Record<string, JavaScriptValue>>;
}

/** What the CLI did alone, and what the embedded engine does alone. */
type LineChanges = {
  readonly [field in Lines]?: { readonly cli?: readonly string[]; readonly embedded?: readonly string[] };
};

export const differences: readonly Difference[] = [
  {
    lifecycle: "alias-conflict",
    generation: "both claim it",
    reason: "The CLI names the resource itself as the one that it conflicts with; the other one helps more.",
    preview: {
      errors: {
        cli: [
          "b: Duplicate resource alias 'toy:index:Thing::a' applied to resource with URN 'toy:index:Thing::b' conflicting with resource with URN 'toy:index:Thing::b'",
        ],
        embedded: [
          "b: Duplicate resource alias 'toy:index:Thing::a' applied to resource with URN 'toy:index:Thing::b' conflicting with resource with URN 'toy:index:Thing::a'",
        ],
      },
    },
    run: {
      errors: {
        cli: [
          "b: Duplicate resource alias 'toy:index:Thing::a' applied to resource with URN 'toy:index:Thing::b' conflicting with resource with URN 'toy:index:Thing::b'",
        ],
        embedded: [
          "b: Duplicate resource alias 'toy:index:Thing::a' applied to resource with URN 'toy:index:Thing::b' conflicting with resource with URN 'toy:index:Thing::a'",
        ],
      },
    },
  },
  {
    lifecycle: "alias-with-delete-first",
    generation: "renamed and replaced",
    reason:
      "The CLI does not know a dependent that it has deleted ahead under its new name, and compares it with what is gone. The resources and the state are the same.",
    preview: {
      steps: {
        cli: [
          "create-replacement b2; replaces for: forceDep; changes: forceDep; unknown: forceDep",
          "replace b2; replaces for: forceDep; changes: forceDep; unknown: forceDep",
        ],
        embedded: ["create-replacement b2; replaces for: forceDep; unknown: forceDep", "replace b2; unknown: forceDep"],
      },
      order: {
        cli: ["create-replacement b2 before replace b2"],
        embedded: ["replace b2 before create-replacement b2"],
      },
    },
    run: {
      steps: {
        cli: [
          "create-replacement b2; replaces for: forceDep; changes: forceDep",
          "replace b2; replaces for: forceDep; changes: forceDep",
        ],
        embedded: ["create-replacement b2; replaces for: forceDep", "replace b2"],
      },
      order: {
        cli: ["create-replacement b2 before replace b2"],
        embedded: ["replace b2 before create-replacement b2"],
      },
    },
  },
  {
    lifecycle: "default-provider",
    generation: "default again",
    reason:
      "Ids of providers are a function of their URN, so that runs can be compared: one that comes back has the id of before.",
    state: {
      a: {
        id: "a-2",
        inputs: {
          value: "1",
        },
        outputs: {
          computed: "computed of a-2",
          region: "east",
          value: "1",
        },
        provider: "pulumi:providers:toy::default::<id 1>",
      },
      "pulumi:providers:toy::default": {
        id: "<id 1>",
        inputs: {
          account: "1",
          region: "east",
        },
        outputs: {
          account: "1",
          region: "east",
        },
        parent: null,
      },
    },
  },
  {
    lifecycle: "check-failure",
    generation: "failed",
    reason: "The CLI prints the refused value, which may be one that nobody should see.",
    preview: {
      errors: {
        cli: ["a: toy:index:Thing resource 'a': property invalid value {x} has a problem: is not allowed"],
        embedded: ["a: toy:index:Thing resource 'a': property invalid has a problem: is not allowed"],
      },
    },
    run: {
      errors: {
        cli: ["a: toy:index:Thing resource 'a': property invalid value {x} has a problem: is not allowed"],
        embedded: ["a: toy:index:Thing resource 'a': property invalid has a problem: is not allowed"],
      },
    },
  },
];

/** The recorded life with the accepted differences in it. Throws for one that is no longer there. */
export function withDifferences(name: string, recorded: readonly Observed[]): Observed[] {
  return recorded.map((observed) =>
    differences
      .filter(({ lifecycle, generation }) => lifecycle === name && generation === observed.generation)
      .reduce(apply, observed),
  );
}

function apply(observed: Observed, { preview, run, state }: Difference): Observed {
  return {
    ...observed,
    ...(observed.preview === undefined ? {} : { preview: change(observed.preview, preview ?? {}) }),
    run: change(observed.run, run ?? {}),
    state: { ...observed.state, ...state },
  };
}

function change(run: ObservedRun, changes: LineChanges): ObservedRun {
  const lines = (field: Lines): readonly string[] => {
    const { cli = [], embedded = [] } = changes[field] ?? {};
    const stale = cli.filter((line) => !run[field].includes(line));
    if (stale.length > 0) throw new Error(`an accepted difference is not in the recorded data: ${stale.join("; ")}`);
    return [...run[field].filter((line) => !cli.includes(line)), ...embedded].sort();
  };
  return { ...run, steps: lines("steps"), order: lines("order"), errors: lines("errors") };
}
