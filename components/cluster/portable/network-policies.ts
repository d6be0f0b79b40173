import type { networking } from "@pulumi/kubernetes/types/input";

import type { NamespacePlan } from "./namespaces";

type PolicySpec = networking.v1.NetworkPolicySpec;
type Peer = networking.v1.NetworkPolicyPeer;
type Port = networking.v1.NetworkPolicyPort;

/** Label of the namespaces of an environment. */
export const PART_OF = "app.kubernetes.io/part-of";

/** What is not the internet: private networks, carriers' (RFC 6598), and link-local with the nodes' metadata service. */
const NOT_PUBLIC = ["10.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16"];

/** Where NodeLocal DNSCache listens (kubernetes.io/docs/tasks/administer-cluster/nodelocaldns). */
const NODE_LOCAL_DNS = "169.254.20.10/32";

/**
 * What a namespace's pods may send and receive, by name of the NetworkPolicy. They keep strangers out, by address and port;
 * who may call whom, and what, is the mesh's to say, and it says it of requests that these let through.
 *
 * @param nodeCidr block of the cluster's nodes, where private endpoints of cloud services are too
 */
export function networkPolicies(plan: NamespacePlan, nodeCidr: string): Readonly<Record<string, PolicySpec>> {
  const policies: Record<string, PolicySpec> = { "default-deny": defaultDeny(plan) };
  const { actsInCloud } = plan;
  if (actsInCloud !== "all" && actsInCloud.length === 0) return policies;
  policies["cloud-identity"] = {
    podSelector:
      actsInCloud === "all"
        ? {}
        : { matchExpressions: [{ key: "app.kubernetes.io/name", operator: "In", values: [...actsInCloud] }] },
    policyTypes: ["Egress"],
    egress: [
      {
        to: [{ ipBlock: { cidr: "0.0.0.0/0", except: NOT_PUBLIC } }, { ipBlock: { cidr: nodeCidr } }],
        ports: tcp([443]),
      },
    ],
  };
  return policies;
}

/** Nothing but DNS, the environment's own workloads, and the mesh. */
function defaultDeny({ partOf, serves, calls, mesh }: NamespacePlan): PolicySpec {
  const own: Peer[] = [{ namespaceSelector: { matchLabels: { [PART_OF]: partOf } } }];
  const dns = {
    to: [
      {
        namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "kube-system" } },
        podSelector: { matchLabels: { "k8s-app": "kube-dns" } },
      },
      { ipBlock: { cidr: NODE_LOCAL_DNS } },
    ],
    ports: [{ protocol: "UDP", port: 53 }, ...tcp([53])],
  };
  if (mesh === undefined) return { podSelector: {}, policyTypes: ["Ingress", "Egress"], egress: [dns] };
  const controlPlane: Peer[] = [
    { namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": mesh.namespace } } },
  ];
  return {
    podSelector: {},
    policyTypes: ["Ingress", "Egress"],
    ingress: [
      { from: own, ports: tcp([...serves, ...mesh.ports]) },
      { from: controlPlane },
      { from: [{ namespaceSelector: {} }], ports: tcp([mesh.metricsPort]) },
      ...(mesh.probesFrom === undefined ? [] : [{ from: [{ ipBlock: { cidr: mesh.probesFrom } }] }]),
    ],
    egress: [dns, { to: own, ports: tcp([...calls, ...mesh.ports]) }, { to: controlPlane }],
  };
}

function tcp(ports: readonly number[]): Port[] {
  return ports.map((port) => ({ protocol: "TCP", port }));
}
