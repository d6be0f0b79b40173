import type { ServiceFacts } from "../facts";
import type { Anchor, Backend, HttpMatch, TrafficSplit } from "../model";
import { assignNames, type KubernetesObject } from "../objects";
import { madeFrom } from "../origin";
import { type Problem, problemAt } from "../problem";
import { listed } from "../reader/suggest";
import { matchesOf, weigh } from "../splits";
import { ANY_REQUEST, checkMatch, criteriaOf, distinctCriteria, neverProblem } from "./match";
import { type HttpCriteria, type Protocol, serviceResolver, serviceRouter, serviceSplitter } from "./objects";
import { checkConflicts, checkLeaves, checkRoot, type SplitContext } from "./split-checks";
import { apportion } from "./weights";

export interface SplitsPlan {
  readonly objects: readonly KubernetesObject[];
  /** Services whose protocol must be declared for the objects to be accepted. */
  readonly services: readonly {
    readonly namespace: string;
    readonly name: string;
    readonly protocol: Protocol;
    readonly origin: readonly TrafficSplit[];
  }[];
  readonly problems: readonly Problem[];
}

/** Plans resolvers, splitters and routers of all splits; without objects if any split has an error. */
export function planSplits(context: SplitContext, anchor: Anchor): SplitsPlan {
  const plans = context.index.splits.map((split) => {
    const plan = planSplit(split, context, anchor);
    return { ...plan, objects: plan.objects.map((object) => madeFrom(object, [split])) };
  });
  return {
    objects: plans.flatMap(({ objects }) => objects),
    services: plans.flatMap(({ services }) => services),
    problems: plans.flatMap(({ problems }) => problems),
  };
}

function planSplit(split: TrafficSplit, context: SplitContext, anchor: Anchor): SplitsPlan {
  const { backends, problems: weightProblems } = weigh(split, { weight: Number.MAX_SAFE_INTEGER });
  const { matches, problems: matchProblems } = matchesOf(context.index, split, (match, position) =>
    checkMatch(match, split, position),
  );
  const problems = [
    ...matchProblems,
    ...checkRoot(split, context),
    ...weightProblems,
    ...checkConflicts(split, context),
    ...checkLeaves(split, context),
  ];
  const subsets = context.mode === "subsets" ? subsetsOf(split, backends, context, problems) : {};
  if (problems.some(({ severity }) => severity === "error")) return { objects: [], services: [], problems };
  const { namespace, service: root } = split;
  const protocol = context.services.protocolOf(namespace, root)?.protocol ?? "http";
  const leaves = context.mode === "services" ? backends.map(({ service }) => service) : [];
  const resolver = Object.keys(subsets).length > 0 ? [serviceResolver(namespace, root, sortSubsets(subsets))] : [];
  const declare = (names: readonly string[]): SplitsPlan["services"] =>
    [...new Set(names)].map((name) => ({ namespace, name, protocol, origin: [split] }));
  problems.push(...setup(split, subsets, context));

  if (!split.matches) {
    const splits = splitsOf(split, backends, subsets, root, problems);
    return {
      objects: [...resolver, serviceSplitter(namespace, root, splits)],
      services: declare([root, ...leaves]),
      problems,
    };
  }
  // A router runs before the splitter of the service it leads to, so the matched requests are led to a service without
  // pods that has the splitter, and the root, which has none, keeps the rest.
  const virtual = virtualName(split, context);
  const routes = routesOf(split, matches, anchor, problems);
  if (routes.length === 0) return { objects: [], services: [], problems };
  return {
    objects: [
      ...resolver,
      serviceSplitter(namespace, virtual, splitsOf(split, backends, subsets, virtual, problems)),
      serviceRouter(namespace, root, routes, virtual),
    ],
    services: declare([root, virtual]),
    problems,
  };
}

type Subsets = Readonly<Record<string, Subset>>;

interface Subset {
  readonly filter?: string;
  /** Key and value of the service's metadata, by the label they are taken from. */
  readonly meta: readonly { readonly label: string; readonly key: string; readonly value: string }[];
}

/** A subset per leaf: the pods that have the labels which the leaf's selector adds to the root's. */
function subsetsOf(
  split: TrafficSplit,
  backends: readonly Backend[],
  { services }: SplitContext,
  problems: Problem[],
): Subsets {
  const root = services.find(split.namespace, split.service);
  const subsets: Record<string, Subset> = {};
  for (const { service, position } of backends) {
    if (!root || service === split.service) continue;
    const leaf = services.find(split.namespace, service);
    if (!leaf) {
      // No pod has this, so its share fails until the Service is known and its selector can be written here.
      subsets[service] = { filter: `Service.Meta["smi-missing"] == "${service}"`, meta: [] };
      continue;
    }
    const meta = addedLabels(root, leaf);
    if (!meta) {
      const message = `found "${service}", whose selector does not narrow that of the root "${split.service}" by labels of different names; a subset is some of the root's pods. Let it repeat the root's selector and add a label, or use split: "services".`;
      problems.push(problemAt("SMI-SPLIT-LEAF", split, position, message));
      continue;
    }
    const filter = meta.map(({ key, value }) => `${metaSelector(key)} == ${filterValue(value)}`).join(" and ");
    subsets[service] = { ...(filter ? { filter } : {}), meta };
  }
  return subsets;
}

function addedLabels(root: ServiceFacts, leaf: ServiceFacts): Subset["meta"] | undefined {
  if (Object.entries(root.selector).some(([label, value]) => leaf.selector[label] !== value)) return undefined;
  const meta = Object.keys(leaf.selector)
    .filter((label) => root.selector[label] === undefined)
    .sort()
    // An annotation's name has one slash at most, and `consul.hashicorp.com/service-meta-<key>` has it already.
    .map((label) => ({ label, key: label.replace(/^.*\//, ""), value: leaf.selector[label]! }));
  return new Set(meta.map(({ key }) => key)).size === meta.length ? meta : undefined;
}

/** Consul's filter language (https://developer.hashicorp.com/consul/api-docs/features/filtering). */
function metaSelector(key: string): string {
  return /^[A-Za-z][A-Za-z0-9_]*$/.test(key) ? `Service.Meta.${key}` : `Service.Meta["${key}"]`;
}

/** Words of the language's own, and what starts like a number, need quotes. */
function filterValue(value: string): string {
  const plain = /^[A-Za-z][A-Za-z0-9]*$/.test(value) && !/^(and|or|not|in|is|contains|matches|empty)$/i.test(value);
  return plain ? value : `"${value}"`;
}

function sortSubsets(subsets: Subsets): Record<string, { readonly filter?: string }> {
  const names = Object.keys(subsets).sort();
  return Object.fromEntries(
    names.map((name) => [name, subsets[name]!.filter === undefined ? {} : { filter: subsets[name]!.filter }]),
  );
}

function splitsOf(
  split: TrafficSplit,
  backends: readonly Backend[],
  subsets: Subsets,
  owner: string,
  problems: Problem[],
): Parameters<typeof serviceSplitter>[2] {
  const { shares, lost } = apportion(backends.map(({ weight }) => weight));
  for (const index of lost) {
    const { service, weight, position } = backends[index]!;
    const message = `found the weight ${weight} of "${service}", a share below what Consul can say (0.01 %); it gets no traffic. Give it more, or 0.`;
    problems.push(problemAt("SMI-WEIGHT-LOST", split, position, message));
  }
  return shares.map(({ index, percent: weight }) => {
    const { service } = backends[index]!;
    if (!subsets[service]) return { weight, service };
    return { weight, ...(owner === split.service ? {} : { service: split.service }), serviceSubset: service };
  });
}

function routesOf(
  split: TrafficSplit,
  matches: readonly HttpMatch[],
  anchor: Anchor,
  problems: Problem[],
): HttpCriteria[] {
  const criteria = matches.flatMap((match) => {
    const found = criteriaOf(match, anchor);
    if (!found) problems.push(neverProblem(match, split, undefined));
    return found ?? [];
  });
  // All routes lead to one place, so their order does not matter.
  return criteria.includes(ANY_REQUEST) ? [ANY_REQUEST] : distinctCriteria(criteria);
}

/** `<root>-smi-<split>`, unless that is too long or the name of something else. */
function virtualName(split: TrafficSplit, { index, facts }: SplitContext): string {
  const wanted = new Map([
    ...facts.services.map(({ namespace, name }) => [`service ${namespace}/${name}`, name] as const),
    ...facts.workloads.map(({ serviceAccount }) => [`account ${serviceAccount}`, serviceAccount] as const),
    ...index.splits.map(
      ({ namespace, name, service }) => [`split ${namespace}/${name}`, `${service}-smi-${name}`] as const,
    ),
  ]);
  return assignNames(wanted).get(`split ${split.namespace}/${split.name}`)!.replaceAll(".", "-");
}

/** What the split needs of Services and pods, which no config entry can give. */
function setup(split: TrafficSplit, subsets: Subsets, { mode, services }: SplitContext): Problem[] {
  const ignore = `consul.hashicorp.com/service-ignore: "true"`;
  if (mode === "services") {
    if (split.backends.some(({ service }) => service === split.service)) return [];
    const message = `needs the label ${ignore} on the root Service "${split.service}", and clients that call ${split.service}.virtual.consul. Then acknowledge SMI-SPLIT-SETUP.`;
    return [problemAt("SMI-SPLIT-SETUP", split, split.position, message)];
  }
  const leaves = Object.keys(subsets)
    .filter((name) => services.find(split.namespace, name))
    .sort();
  if (leaves.length === 0) return [];
  const annotations = leaves.flatMap((name) =>
    subsets[name]!.meta.map(({ key, value }) => `consul.hashicorp.com/service-meta-${key}: ${value} (${name})`),
  );
  const pods = annotations.length === 0 ? "" : `, and on the pods the annotations ${listed(annotations)}`;
  const message = `needs the label ${ignore} on the Services ${listed(leaves)}${pods}. Then acknowledge SMI-SPLIT-SETUP.`;
  return [problemAt("SMI-SPLIT-SETUP", split, split.position, message)];
}
