import type { ResourceState, RunResult } from "../../local/engine";
import { parseProviderReference, urnName, urnType } from "../../local/protocol/urn";

/** A resource of a program with what Pulumi's mocks do not show: parent, edges, provider and options. */
export interface GraphNode {
  readonly urn: string;
  readonly type: string;
  readonly name: string;
  readonly custom: boolean;
  /** URN of the parent; absent for the stack. */
  readonly parent?: string;
  /** URN of the provider; absent for components and providers. */
  readonly provider?: string;
  /** URNs that it depends on: by an option, or because one of its inputs comes from there. */
  readonly dependencies: readonly string[];
  /** Options that are set, inherited ones among them. */
  readonly options: Pick<
    ResourceState,
    | "protect"
    | "retainOnDelete"
    | "deletedWith"
    | "ignoreChanges"
    | "replaceOnChanges"
    | "customTimeouts"
    | "additionalSecretOutputs"
  >;
  /** All that the engine knows: in a graph of a preview, values may be unknown. */
  readonly state: ResourceState;
}

/** What a program registers: from its state, or planned, from a preview. */
export class Graph {
  private readonly byUrn: ReadonlyMap<string, GraphNode>;

  private constructor(readonly nodes: readonly GraphNode[]) {
    this.byUrn = new Map(nodes.map((node) => [node.urn, node]));
  }

  static of(resources: readonly ResourceState[]): Graph {
    return new Graph(resources.filter((resource) => resource.delete !== true).map(nodeOf));
  }

  /** The graph that a preview (or an update) has registered. */
  static planned({ steps }: RunResult): Graph {
    const last = new Map(steps.flatMap((step) => (step.new === undefined ? [] : [[step.urn, step.new]])));
    return Graph.of([...last.values()]);
  }

  /** The one resource of that name and type. Throws when there is none. */
  find(name: string, type: string): GraphNode {
    const found = this.nodes.find((node) => node.name === name && node.type === type);
    if (found === undefined) throw new Error(`the program has no ${type} ${name}`);
    return found;
  }

  ofType(type: string): GraphNode[] {
    return this.nodes.filter((node) => node.type === type);
  }

  parentOf({ parent }: GraphNode): GraphNode | undefined {
    return parent === undefined ? undefined : this.byUrn.get(parent);
  }

  /**
   * URNs of all that a resource (by its URN) waits for, directly or not, by an edge that is written down: a dependency or a provider. It
   * is created after them and, what is more, deleted before them. A parent is no such edge.
   */
  waitsFor(urn: string): Set<string> {
    const reached = new Set<string>();
    const visit = (current: string): void => {
      const node = this.byUrn.get(current);
      if (node === undefined) return;
      for (const next of [...node.dependencies, ...(node.provider === undefined ? [] : [node.provider])]) {
        if (reached.has(next)) continue;
        reached.add(next);
        visit(next);
      }
    };
    visit(urn);
    return reached;
  }
}

/**
 * A graph as text to review, a line a resource: type and name, what a component was given, options, and after what it comes.
 * Sorted, without values that a cloud assigns.
 */
export function describeGraph(graph: Graph): string[] {
  const nameOf = (urn: string) => `${urnType(urn).split(":").at(-1)} ${urnName(urn)}`;
  return graph.nodes
    .map(({ type, name, custom, dependencies, options, state }) => {
      const given = custom || type === "pulumi:pulumi:Stack" ? "" : ` ${JSON.stringify(state.inputs)}`;
      const set = Object.entries(options).filter(([, value]) => value !== false);
      const shown = set.map(([key, value]) => (value === true ? key : `${key}: ${JSON.stringify(value)}`));
      const after = [...new Set(dependencies.map(nameOf))].sort();
      return [
        `${type} ${name}${given}`,
        ...(shown.length === 0 ? [] : [`[${shown.join(", ")}]`]),
        ...(after.length === 0 ? [] : [`after ${after.join(", ")}`]),
      ].join(" ");
    })
    .sort();
}

function nodeOf(state: ResourceState): GraphNode {
  const { urn, type, custom, parent, provider, dependencies } = state;
  const { protect, retainOnDelete, deletedWith, ignoreChanges, replaceOnChanges } = state;
  const { customTimeouts, additionalSecretOutputs } = state;
  const options = {
    ...{ protect, retainOnDelete, deletedWith, ignoreChanges, replaceOnChanges },
    ...{ customTimeouts, additionalSecretOutputs },
  };
  return {
    urn,
    type,
    name: urnName(urn),
    custom,
    ...(parent === undefined || parent === "" ? {} : { parent }),
    ...(provider === undefined || provider === "" ? {} : { provider: parseProviderReference(provider).urn }),
    dependencies,
    options: Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)),
    state,
  };
}
