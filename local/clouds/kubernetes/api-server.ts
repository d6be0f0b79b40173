import { unwrapSecrets, type PropertyMap } from "../../protocol/property";
import { digest } from "../identity";
import type { Ledger, LedgerEntry } from "../ledger";
import { textAt, valueAt } from "../paths";
import { KNOWN_CUSTOM_KINDS } from "./chart-kinds";
import { CHARTS } from "./charts";
import type { Cluster } from "./clusters";
import { builtInKind, kindOfToken, pluralOf, tokenOf, type Kind, type ServedKind } from "./kinds";
import { listAt, mapAt } from "./values";

export const RELEASE = "kubernetes:helm.sh/v3:Release";

const DEFINITION = "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition";

/** Namespaces and service accounts that every cluster has without anybody's doing. */
const SYSTEM_NAMESPACES: readonly string[] = ["default", "kube-node-lease", "kube-public", "kube-system"];

/** Name of an object on a cluster; no namespace for what is cluster-scoped. */
export interface ObjectName {
  readonly namespace?: string;
  readonly name: string;
}

interface CustomKind extends ServedKind {
  /** The CustomResourceDefinition entry, or the Release entry whose chart brings it. */
  readonly owner: LedgerEntry;
}

/** A chart on a cluster. */
export interface InstalledChart {
  readonly chart: string;
  readonly namespace: string;
  /** `kind/name`, in the namespace. */
  readonly workloads: readonly string[];
  /** Whether its workloads came up. */
  readonly isReady: boolean;
}

/** What one cluster of the simulated clouds holds: a view of the ledger. */
export class ApiServer {
  constructor(
    readonly ledger: Ledger,
    readonly cluster: Cluster,
  ) {}

  /** Everything on this cluster, Helm releases among it. */
  entries(): LedgerEntry[] {
    return this.ledger
      .list()
      .filter(({ type, scope }) => type.startsWith("kubernetes:") && scope === this.cluster.scope);
  }

  /** The object of that name, whatever version of its kind it was written in. */
  find({ group, version, kind }: Kind, name: ObjectName): LedgerEntry | undefined {
    const same = this.ledger.get(tokenOf({ group, version, kind }), engineId(name), this.cluster.scope);
    if (same !== undefined) return same;
    for (const type of this.ledger.types()) {
      const found = kindOfToken(type);
      if (found.kind !== kind || found.group !== group) continue;
      const entry = this.ledger.get(type, engineId(name), this.cluster.scope);
      if (entry !== undefined) return entry;
    }
    return undefined;
  }

  /** All objects of a kind and version, those of one namespace if it is given, as they live on the cluster. */
  all(kind: Kind, namespace?: string): PropertyMap[] {
    return this.ledger
      .list(tokenOf(kind))
      .filter(({ id, scope }) => scope === this.cluster.scope && isIn(namespace, id))
      .map(({ outputs }) => unwrapSecrets(outputs) as PropertyMap);
  }

  /** Helm releases. */
  releases(): InstalledChart[] {
    return this.ledger
      .list(RELEASE)
      .filter(({ scope }) => scope === this.cluster.scope)
      .map(({ inputs, outputs }) => {
        const chart = textAt(inputs, "chart") ?? "";
        return {
          chart,
          namespace: textAt(inputs, "namespace") ?? "",
          workloads: CHARTS[chart]?.workloads ?? [],
          isReady: textAt(outputs, "status.status") === "deployed",
        };
      });
  }

  release(name: ObjectName): LedgerEntry | undefined {
    return this.ledger.get(RELEASE, engineId(name), this.cluster.scope);
  }

  put(token: string, name: ObjectName, inputs: PropertyMap, outputs: PropertyMap): void {
    const previous = token === RELEASE ? undefined : this.find(kindOfToken(token), name);
    if (previous !== undefined && previous.type !== token) this.drop(previous);
    this.ledger.put({ type: token, id: engineId(name), scope: this.cluster.scope, inputs, outputs });
    if (definesKinds(token)) this.collectGarbage();
  }

  /** Removes an object and what goes with it: the content of a namespace, the custom resources of a definition. */
  remove(token: string, name: ObjectName): void {
    const entry = token === RELEASE ? this.release(name) : this.find(kindOfToken(token), name);
    if (entry === undefined) return;
    this.drop(entry);
    const { group, kind } = kindOfToken(entry.type);
    if (group === "" && kind === "Namespace") {
      for (const inside of this.entries()) {
        if (parseEngineId(inside.id).namespace === name.name) this.drop(inside);
      }
    }
    // A namespace may have had a release in it.
    if (definesKinds(entry.type) || kind === "Namespace") this.collectGarbage();
  }

  hasNamespace(name: string): boolean {
    return (
      SYSTEM_NAMESPACES.includes(name) ||
      this.find({ group: "", version: "v1", kind: "Namespace" }, { name }) !== undefined
    );
  }

  /** Whether a namespace is being deleted and waits for something in it. */
  isTerminating(name: string): boolean {
    const found = this.find({ group: "", version: "v1", kind: "Namespace" }, { name });
    return valueAt(found?.outputs, "metadata.deletionTimestamp") !== undefined;
  }

  hasServiceAccount(namespace: string, name: string): boolean {
    if (name === "default") return true;
    return this.find({ group: "", version: "v1", kind: "ServiceAccount" }, { namespace, name }) !== undefined;
  }

  /** The kind as this cluster serves it; undefined when it does not. */
  served(kind: Kind): ServedKind | undefined {
    return builtInKind(kind) ?? this.customKinds().find((custom) => isSameKind(custom, kind));
  }

  customKinds(): CustomKind[] {
    const isHere = ({ scope }: LedgerEntry): boolean => scope === this.cluster.scope;
    const definitions = this.ledger
      .list(DEFINITION)
      .filter(isHere)
      .flatMap((owner) => definedKinds(owner.inputs).map((kind) => ({ ...kind, owner })));
    const brought = this.ledger
      .list(RELEASE)
      .filter(isHere)
      .flatMap((owner) => releaseKinds(owner.inputs).map((kind) => ({ ...kind, owner })));
    return [...definitions, ...brought];
  }

  /** Hex digits in place of what the server draws at random: the same object on the same cluster has the same. */
  digest(token: string, name: ObjectName, length: number): string {
    return digest([this.cluster.scope, token, engineId(name)], length);
  }

  private drop({ type, id, scope }: LedgerEntry): void {
    this.ledger.remove(type, id, scope);
  }

  /** Custom resources do not outlive their definition. */
  private collectGarbage(): void {
    const kinds = this.customKinds();
    for (const type of this.ledger.types()) {
      const kind = kindOfToken(type);
      if (!type.startsWith("kubernetes:") || type === RELEASE || builtInKind(kind) !== undefined) continue;
      if (kinds.some((custom) => custom.group === kind.group && custom.kind === kind.kind)) continue;
      for (const entry of this.ledger.list(type)) if (entry.scope === this.cluster.scope) this.drop(entry);
    }
  }
}

/** The id that the engine sees: `namespace/name`, or `name` for what is cluster-scoped. */
export function engineId({ namespace, name }: ObjectName): string {
  return namespace === undefined ? name : `${namespace}/${name}`;
}

export function parseEngineId(id: string): ObjectName {
  const slash = id.indexOf("/");
  return slash < 0 ? { name: id } : { namespace: id.slice(0, slash), name: id.slice(slash + 1) };
}

/** Whether things of that type say which kinds there are. */
function definesKinds(token: string): boolean {
  return token === RELEASE || token === DEFINITION;
}

function isIn(namespace: string | undefined, id: string): boolean {
  return namespace === undefined || id.startsWith(`${namespace}/`);
}

/** Kinds of the custom resources that a Release with these inputs brings. */
export function releaseKinds(inputs: PropertyMap): readonly ServedKind[] {
  return CHARTS[textAt(inputs, "chart") ?? ""]?.kinds(mapAt(inputs, "values")) ?? [];
}

/** Kinds that a CustomResourceDefinition with these inputs serves. */
export function definedKinds(inputs: PropertyMap): ServedKind[] {
  const group = textAt(inputs, "spec.group") ?? "";
  const kind = textAt(inputs, "spec.names.kind") ?? "";
  const plural = textAt(inputs, "spec.names.plural") ?? pluralOf(kind);
  const namespaced = textAt(inputs, "spec.scope") !== "Cluster";
  return listAt(inputs, "spec.versions")
    .filter((version) => valueAt(version, "served") === true)
    .map((version) => ({ group, version: textAt(version, "name") ?? "", kind, plural, namespaced }));
}

/** Whether objects of a kind live in namespaces. Kinds that nobody knows yet are taken to. */
export function isNamespaced(kind: Kind, server?: ApiServer): boolean {
  const known =
    server?.served(kind) ?? builtInKind(kind) ?? KNOWN_CUSTOM_KINDS.find((custom) => isSameKind(custom, kind));
  return known?.namespaced ?? true;
}

function isSameKind(a: Kind, b: Kind): boolean {
  return a.group === b.group && a.version === b.version && a.kind === b.kind;
}
