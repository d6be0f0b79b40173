import { allowed, hasErrors, type Mesh, type ProblemCode, shares } from "../../../smi";
import { containersBehind } from "../../../smi/splits";
import type { World } from "./worlds";

/** What was found about one mesh, summed up over worlds. */
export interface Tally {
  worlds: number;
  /** Worlds whose rules the mesh refuses; nothing is asked then. */
  refused: number;
  requests: number;
  allowed: number;
  denied: number;
  /** Decided otherwise than SMI does, as an error or warning has said. */
  warned: number;
  /** Decided otherwise without a word. */
  mismatches: string[];
}

export const emptyTally = (): Tally => ({
  worlds: 0,
  refused: 0,
  requests: 0,
  allowed: 0,
  denied: 0,
  warned: 0,
  mismatches: [],
});

/** Compares what SMI says of a world's requests with what the mesh makes of its objects. */
export function judge(mesh: Mesh, { facts, documents, requests, widen }: World, tally: Tally): void {
  tally.worlds += 1;
  // An API without access rules is asked about splits alone.
  const own = mesh.allows ? documents : documents.filter(({ kind }) => kind !== "TrafficTarget");
  const { objects, problems } = mesh.translate(own, facts, { widen });
  if (hasErrors(problems)) {
    tally.refused += 1;
    return;
  }
  const says = (code: ProblemCode): boolean => problems.some((problem) => problem.code === code);
  const complain = (what: string): void => {
    tally.mismatches.push(`${mesh.name}: ${what}\n${JSON.stringify({ documents: own, objects })}`);
  };

  for (const workload of mesh.allows ? facts.workloads : []) {
    for (const { port } of workload.ports) {
      for (const service of waysTo(mesh, facts, workload, port)) {
        for (const request of requests) {
          tally.requests += 1;
          const probed = workload.probes.some((each) => each.port === port);
          // Where the kubelet probes by HTTP, nothing else is spoken.
          const protocol = request.connection && !probed ? ("tcp" as const) : ("http" as const);
          const asked = { ...request, protocol, destination: workload, port };
          const expected = allowed(documents, asked).allowed;
          const actual = mesh.allows!(objects, facts, workload, { ...asked, ...(service && { service }) }, { widen });
          if (actual === expected) {
            tally[expected ? "allowed" : "denied"] += 1;
            continue;
          }
          const probe =
            request.method === "GET" &&
            workload.probes.some((each) => each.port === port && each.path === request.path);
          const said = expected
            ? (says("SMI-RE-PATH-NARROWED") && request.path.includes("*")) ||
              (says("SMI-WAYPOINT-DIRECT") && service === undefined) ||
              (says("SMI-TCP-HTTP") && protocol === "tcp")
            : (says("SMI-RE-PATH-WIDENED") && widen) || (mesh.name === "linkerd" && probe);
          if (said) tally.warned += 1;
          else {
            const way = service === undefined ? "" : ` through ${service}`;
            complain(`SMI says ${expected}, the mesh ${actual} for ${JSON.stringify(asked)}${way}`);
          }
        }
      }
    }
  }
  judgeSplits(mesh, { facts, documents, requests, widen }, objects, says, tally, complain);
}

/** Only ambient mode tells apart how a pod is called: through each Service that leads to it, or by its own address. */
function waysTo(
  mesh: Mesh,
  facts: World["facts"],
  workload: World["facts"]["workloads"][number],
  port: number,
): (string | undefined)[] {
  if (mesh.name !== "istio-ambient") return [undefined];
  const services = facts.services.filter((service) =>
    service.ports.some((own) =>
      containersBehind(service, own, facts).some((behind) => behind.workload === workload && behind.port === port),
    ),
  );
  return [undefined, ...services.map(({ name }) => name)];
}

function judgeSplits(
  mesh: Mesh,
  { facts, documents, requests }: World,
  objects: ReturnType<Mesh["translate"]>["objects"],
  says: (code: ProblemCode) => boolean,
  tally: Tally,
  complain: (what: string) => void,
): void {
  for (const split of documents) {
    if (split.kind !== "TrafficSplit") continue;
    const { namespace, service } = split;
    const root = facts.services.find((each) => each.namespace === namespace && each.name === service)!;
    for (const { port } of root.ports) {
      for (const request of requests) {
        tally.requests += 1;
        const call = { ...request, namespace, service };
        const expected = shares(documents, call);
        const actual = mesh.shares(objects, { ...call, port });
        const names = new Set([...Object.keys(expected), ...Object.keys(actual)]);
        // Consul has hundredths of a percent and cuts some of them; the others are exact to rounding of large weights.
        const tolerance = mesh.name === "consul" ? 0.0001 * (split.backends.length + 1) : 1e-5;
        const differs = [...names].filter((name) => {
          const [want, have] = [expected[name] ?? 0, actual[name] ?? 0];
          const lost = want > 0 && have === 0 && !says("SMI-WEIGHT-LOST");
          return lost || (want === 0 && have > 0) || Math.abs(want - have) > tolerance;
        });
        if (differs.length === 0) tally.allowed += 1;
        else if (actual[service] === 1 && says("SMI-SPLIT-PORT-SKIPPED")) tally.warned += 1;
        else complain(`shares are ${JSON.stringify(actual)}, by SMI ${JSON.stringify(expected)}`);
      }
    }
  }
}
