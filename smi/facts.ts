import { sortedTexts } from "./order";
import { add, groupByPair, PairMap } from "./pair-map";

/**
 * What a translator must know about the workloads. SMI names a destination by its ServiceAccount, and no mesh selects
 * pods by it (https://github.com/servicemeshinterface/smi-spec/issues/82).
 */
export interface Facts {
  readonly workloads: readonly WorkloadFacts[];
  readonly services: readonly ServiceFacts[];
}

export interface WorkloadFacts {
  readonly namespace: string;
  readonly serviceAccount: string;
  /** Tells workloads of one ServiceAccount apart in generated names. Default: derived from the labels. */
  readonly name?: string;
  /** Pod labels that select exactly this workload's pods. */
  readonly labels: Readonly<Record<string, string>>;
  /** All labels of its pods, which Services and the selectors of other workloads may catch. Default: `labels`. */
  readonly podLabels?: Readonly<Record<string, string>>;
  /** Container ports. */
  readonly ports: readonly ContainerPort[];
  /** httpGet probes of the kubelet, which has no mesh identity. */
  readonly probes: readonly Probe[];
}

/** Whether a selector, of a Service or of another workload, catches the pods of this workload. An empty one catches all. */
export function catches(selector: Readonly<Record<string, string>>, workload: WorkloadFacts): boolean {
  const labels = workload.podLabels ?? workload.labels;
  for (const name in selector) if (labels[name] !== selector[name]) return false;
  return true;
}

export interface ContainerPort {
  readonly name?: string;
  readonly port: number;
  /** What the container speaks; decides how a mesh proxies a port that has only TCP rules. Default: not known. */
  readonly protocol?: "http" | "http2" | "tcp";
}

export interface Probe {
  /** Number of the container port. */
  readonly port: number;
  readonly path: string;
}

export interface ServiceFacts {
  readonly namespace: string;
  readonly name: string;
  /** Labels of the selector. */
  readonly selector: Readonly<Record<string, string>>;
  readonly ports: readonly ServicePort[];
  /** `clusterIP: None`. Default: false. */
  readonly headless?: boolean;
  /** `type: ExternalName`. Default: false. */
  readonly externalName?: boolean;
  /** Its label `istio.io/use-waypoint`: the waypoint through which Istio's ambient mode leads its requests. Default: none. */
  readonly waypoint?: string;
}

export interface ServicePort {
  readonly name?: string;
  readonly port: number;
  /** Number or name of the container port. Default: the same number. */
  readonly targetPort?: number | string;
  /** As in the Service; `tcp` and other protocols that are not HTTP are not split. Default: HTTP. */
  readonly appProtocol?: string;
}

/** Tells workloads of one ServiceAccount apart, by the labels that select them. */
export function labelName({ labels }: WorkloadFacts): string {
  return sortedTexts(Object.keys(labels))
    .map((name) => `${name.replace(/^.*\//, "")}-${labels[name]}`)
    .join("-");
}

/** Facts by what they are looked up by: an environment may have thousands of workloads, and a rule for each. */
interface FactsIndex {
  accounts?: readonly string[];
  readonly workloadsBySubject: PairMap<WorkloadFacts[]>;
  readonly workloadsByNamespace: ReadonlyMap<string, readonly WorkloadFacts[]>;
  /** Of the namespaces that were asked for, by the name and the value of each label. */
  readonly workloadsByLabel: Map<string, PairMap<WorkloadFacts[]>>;
  readonly services: PairMap<ServiceFacts[]>;
  readonly servicesByNamespace: ReadonlyMap<string, readonly ServiceFacts[]>;
}

const indexes = new WeakMap<Facts, FactsIndex>();

function indexOf(facts: Facts): FactsIndex {
  const known = indexes.get(facts);
  if (known !== undefined) return known;
  const index: FactsIndex = {
    workloadsBySubject: groupByPair(facts.workloads, ({ namespace, serviceAccount }) => [namespace, serviceAccount]),
    workloadsByNamespace: groupBy(facts.workloads, ({ namespace }) => namespace),
    workloadsByLabel: new Map(),
    services: groupByPair(facts.services, ({ namespace, name }) => [namespace, name]),
    servicesByNamespace: groupBy(facts.services, ({ namespace }) => namespace),
  };
  indexes.set(facts, index);
  return index;
}

/** Items by a key, in their order. */
export function groupBy<T, K>(items: readonly T[], key: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const own = key(item);
    const group = groups.get(own);
    if (group === undefined) groups.set(own, [item]);
    else group.push(item);
  }
  return groups;
}

/** The workloads that run as a ServiceAccount. */
export function workloadsOf(
  facts: Facts,
  subject: { readonly namespace: string; readonly serviceAccount: string },
): readonly WorkloadFacts[] {
  return indexOf(facts).workloadsBySubject.get(subject.namespace, subject.serviceAccount) ?? [];
}

/** The ServiceAccounts that workloads run as, `namespace/name`, sorted. */
export function accountsOf(facts: Facts): readonly string[] {
  const index = indexOf(facts);
  return (index.accounts ??= sortedTexts(
    new Set(facts.workloads.map(({ namespace, serviceAccount }) => `${namespace}/${serviceAccount}`)),
  ));
}

/** The workloads of a namespace. */
export function workloadsIn(facts: Facts, namespace: string): readonly WorkloadFacts[] {
  return indexOf(facts).workloadsByNamespace.get(namespace) ?? [];
}

/** Below this, a look at all of them is faster than an index. */
const FEW_WORKLOADS = 32;

/** The workloads of a namespace whose pods a selector catches, in their order. */
export function workloadsCaughtBy(
  facts: Facts,
  namespace: string,
  selector: Readonly<Record<string, string>>,
): readonly WorkloadFacts[] {
  let candidates = workloadsIn(facts, namespace);
  if (candidates.length > FEW_WORKLOADS) {
    const byLabel = labelsIn(facts, namespace);
    for (const name in selector) {
      const having = byLabel.get(name, selector[name]!) ?? [];
      if (having.length < candidates.length) candidates = having;
    }
  }
  return candidates.filter((workload) => catches(selector, workload));
}

function labelsIn(facts: Facts, namespace: string): PairMap<WorkloadFacts[]> {
  const { workloadsByLabel } = indexOf(facts);
  const known = workloadsByLabel.get(namespace);
  if (known !== undefined) return known;
  const byLabel = new PairMap<WorkloadFacts[]>();
  for (const workload of workloadsIn(facts, namespace)) {
    const labels = workload.podLabels ?? workload.labels;
    for (const name in labels) add(byLabel, name, labels[name]!, workload);
  }
  workloadsByLabel.set(namespace, byLabel);
  return byLabel;
}

/** The Services of a namespace. */
export function servicesIn(facts: Facts, namespace: string): readonly ServiceFacts[] {
  return indexOf(facts).servicesByNamespace.get(namespace) ?? [];
}

/** The Service of a name; the first of two. */
export function findService(facts: Facts, namespace: string, name: string): ServiceFacts | undefined {
  return indexOf(facts).services.get(namespace, name)?.[0];
}
