import type { IdentityBinding, LocatedSubject, Subject, TrafficTarget } from "./model";
import { type Problem, problemAt } from "./problem";
import { didYouMean, listed } from "./reader/suggest";

interface Resolved {
  readonly targets: readonly TrafficTarget[];
  readonly problems: readonly Problem[];
}

/**
 * The targets with ServiceAccounts and SPIFFE identities in place of the IdentityBindings that they name. What cannot be
 * resolved stays, so that it allows nothing, and is reported.
 */
export function resolveBindings(
  targets: readonly TrafficTarget[],
  bindings: readonly IdentityBinding[],
  trustDomain: string,
): Resolved {
  const known = new Map(bindings.map((binding) => [`${binding.namespace}/${binding.name}`, binding]));
  const problems: Problem[] = [];
  const resolved = targets.map((target) => {
    const { destination, sources } = target;
    if (!destination.binding && !sources.some(({ binding }) => binding)) return target;
    const find = (subject: LocatedSubject): IdentityBinding | undefined => {
      const found = known.get(`${subject.namespace}/${subject.serviceAccount}`);
      if (!found) problems.push(problemAt("SMI-REF", target, subject.position, missing(subject, bindings)));
      return found;
    };
    return {
      ...target,
      destination: destination.binding ? destinationOf(target, find(destination), trustDomain, problems) : destination,
      sources: sources.flatMap((source) => {
        const binding = source.binding && find(source);
        return binding ? sourcesOf(target, source, binding, trustDomain, problems) : [source];
      }),
    };
  });
  return { targets: resolved, problems };
}

function missing({ namespace, serviceAccount: name }: LocatedSubject, bindings: readonly IdentityBinding[]): string {
  const here = bindings.filter((binding) => binding.namespace === namespace).map((binding) => binding.name);
  return `found the IdentityBinding "${name}", in namespace "${namespace}" there are: ${listed(here.sort())}.${didYouMean(name, here)}`;
}

/** A destination is the pods of one ServiceAccount: that is what a mesh can be told of. */
function destinationOf(
  target: TrafficTarget,
  binding: IdentityBinding | undefined,
  trustDomain: string,
  problems: Problem[],
): TrafficTarget["destination"] {
  const { destination } = target;
  if (!binding) return destination;
  const { binding: _, ...rest } = destination;
  const names = new Set([
    ...(binding.serviceAccount === undefined ? [] : [`${binding.namespace}/${binding.serviceAccount}`]),
    ...binding.spiffeIdentities.map((id) => accountOf(id, trustDomain) ?? id),
  ]);
  const [only] = names;
  const own = only?.startsWith(`${binding.namespace}/`) ? only.slice(binding.namespace.length + 1) : undefined;
  if (binding.podLabelSelectors.length === 0 && names.size === 1 && own !== undefined) {
    return { ...rest, serviceAccount: own };
  }
  const message = `found the IdentityBinding "${binding.name}" as destination, ${
    binding.podLabelSelectors.length > 0
      ? "which selects pods by labels, and meshes know pods by their ServiceAccount"
      : `which stands for ${listed([...names])}`
  }; write serviceAccount with one ServiceAccount of "${binding.namespace}"`;
  problems.push(problemAt("SMI-BINDING", target, destination.position, message));
  return destination;
}

function sourcesOf(
  target: TrafficTarget,
  source: LocatedSubject,
  binding: IdentityBinding,
  trustDomain: string,
  problems: Problem[],
): LocatedSubject[] {
  const { position } = source;
  if (binding.podLabelSelectors.length > 0) {
    const message = `found the IdentityBinding "${binding.name}" as source, which selects pods by labels; a caller proves who it is by its ServiceAccount. Write serviceAccount or spiffeIdentities.`;
    problems.push(problemAt("SMI-BINDING", target, position, message));
    return [source];
  }
  const { namespace, serviceAccount } = binding;
  return [
    ...(serviceAccount === undefined ? [] : [{ namespace, serviceAccount, position }]),
    ...binding.spiffeIdentities.map((id): LocatedSubject => ({ ...subjectOfIdentity(id, trustDomain), position })),
  ];
}

/** Who has a SPIFFE identity: a ServiceAccount of the mesh's own trust domain, or somebody foreign. */
export function subjectOfIdentity(id: string, trustDomain = "cluster.local"): Subject {
  const [namespace, serviceAccount] = accountOf(id, trustDomain)?.split("/") ?? [];
  if (namespace !== undefined && serviceAccount !== undefined) return { namespace, serviceAccount };
  return { namespace: "", serviceAccount: id, spiffe: id };
}

/** `namespace/serviceAccount` of an identity in the form that meshes on Kubernetes give, if it is of the trust domain. */
function accountOf(id: string, trustDomain: string): string | undefined {
  const [domain, ns, namespace, sa, name, ...rest] = id.split("/");
  const fits = domain === trustDomain && ns === "ns" && sa === "sa" && rest.length === 0;
  return fits && namespace && name ? `${namespace}/${name}` : undefined;
}
