/** What is the same on every cluster: what a namespace's pods may send and receive, whatever the mesh. */
import { networkPolicies } from "../../../components/cluster/portable/network-policies";
import type { NamespacePlan } from "../../../components/cluster/portable/namespaces";
import { planOf, SHOP } from "../../kit/environment";

interface Peer {
  readonly namespace?: Readonly<Record<string, string>>;
  readonly pod?: Readonly<Record<string, string>>;
  readonly ip: string;
}

interface Selector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly { readonly key: string; readonly values: readonly string[] }[];
}

interface Rule {
  readonly from?: readonly PolicyPeer[];
  readonly to?: readonly PolicyPeer[];
  readonly ports?: readonly { readonly protocol: string; readonly port: number }[];
}

interface PolicyPeer {
  readonly namespaceSelector?: Selector;
  readonly podSelector?: Selector;
  readonly ipBlock?: { readonly cidr: string; readonly except?: readonly string[] };
}

interface Policy {
  readonly podSelector: Selector;
  readonly policyTypes: readonly string[];
  readonly ingress?: readonly Rule[];
  readonly egress?: readonly Rule[];
}

const addressOf = (ip: string) => ip.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);

function isIn(ip: string, cidr: string): boolean {
  const [base, prefix] = cidr.split("/") as [string, string];
  const size = 2 ** (32 - Number(prefix));
  return Math.floor(addressOf(ip) / size) === Math.floor(addressOf(base) / size);
}

function selects(
  { matchLabels = {}, matchExpressions = [] }: Selector,
  labels: Readonly<Record<string, string>>,
): boolean {
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every(({ key, values }) => values.includes(labels[key] ?? ""))
  );
}

function meets({ namespaceSelector, podSelector, ipBlock }: PolicyPeer, peer: Peer): boolean {
  if (ipBlock !== undefined) {
    return isIn(peer.ip, ipBlock.cidr) && !(ipBlock.except ?? []).some((cidr) => isIn(peer.ip, cidr));
  }
  return (
    (namespaceSelector === undefined || (peer.namespace !== undefined && selects(namespaceSelector, peer.namespace))) &&
    (podSelector === undefined || (peer.pod !== undefined && selects(podSelector, peer.pod)))
  );
}

/** What Kubernetes decides (networking.k8s.io/v1): no policy that selects the pod, or one rule of those that do. */
function admits(
  plan: NamespacePlan,
  workload: string,
  direction: "ingress" | "egress",
  peer: Peer,
  port: number,
  protocol = "TCP",
): boolean {
  const policies = JSON.parse(JSON.stringify(Object.values(networkPolicies(plan, "10.20.0.0/16")))) as Policy[];
  const type = direction === "ingress" ? "Ingress" : "Egress";
  const relevant = policies.filter(
    ({ podSelector, policyTypes }) =>
      policyTypes.includes(type) && selects(podSelector, { "app.kubernetes.io/name": workload }),
  );
  return (
    relevant.length === 0 ||
    relevant.some((policy) =>
      (policy[direction] ?? []).some(
        ({ from, to, ports }) =>
          (from ?? to ?? []).some((candidate) => meets(candidate, peer)) &&
          (ports === undefined || ports.some((open) => open.port === port && open.protocol === protocol)),
      ),
    )
  );
}

const MESHES = [
  { kind: "linkerd" },
  { kind: "istio", mode: "sidecar" },
  { kind: "istio", mode: "ambient" },
  { kind: "consul" },
];

describe.each(MESHES)("with %j", (mesh) => {
  const { namespaces } = planOf({ ...SHOP, mesh });
  const on = (cluster: string, name = "shop") =>
    namespaces.find((plan) => plan.cluster === cluster && plan.name === name)!;
  const shop = on("north");
  const own: Peer = { namespace: { "app.kubernetes.io/part-of": "isthmus-local" }, pod: {}, ip: "10.21.0.9" };
  const stranger: Peer = { namespace: { "kubernetes.io/metadata.name": "default" }, pod: {}, ip: "10.21.0.10" };
  const dns: Peer = {
    namespace: { "kubernetes.io/metadata.name": "kube-system" },
    pod: { "k8s-app": "kube-dns" },
    ip: "10.21.0.2",
  };
  const control: Peer = {
    namespace: { "kubernetes.io/metadata.name": shop.mesh!.namespace },
    pod: {},
    ip: "10.21.0.3",
  };
  const internet: Peer = { ip: "52.95.110.1" };

  test("calls between the environment's workloads pass, both ways, on the ports that they serve and the mesh's", () => {
    for (const port of [8080, ...shop.mesh!.ports]) {
      expect(admits(shop, "web", "ingress", own, port)).toBe(true);
      expect(admits(shop, "web", "egress", own, port)).toBe(true);
    }
    expect(admits(shop, "web", "ingress", own, 9999)).toBe(false);
    expect(admits(shop, "web", "egress", own, 9999)).toBe(false);
  });

  test("strangers do not, in either direction", () => {
    expect([admits(shop, "web", "ingress", stranger, 8080), admits(shop, "web", "egress", stranger, 8080)]).toEqual([
      false,
      false,
    ]);
    expect(admits(shop, "web", "ingress", internet, 8080)).toBe(false);
    // But for whoever collects the proxies' metrics, wherever it runs in the cluster.
    expect(admits(shop, "web", "ingress", stranger, shop.mesh!.metricsPort)).toBe(true);
  });

  test("DNS, the control plane and its gateways are open", () => {
    expect(["TCP", "UDP"].map((protocol) => admits(shop, "web", "egress", dns, 53, protocol))).toEqual([true, true]);
    expect(admits(shop, "web", "egress", { ip: "169.254.20.10" }, 53, "UDP")).toBe(true);
    expect(admits(shop, "web", "egress", dns, 443)).toBe(false);
    expect(admits(shop, "web", "egress", control, 8086)).toBe(true);
    expect(admits(shop, "web", "ingress", control, 4191)).toBe(true);
  });

  test("token services and private endpoints are open to those who act in a cloud, the nodes' metadata to nobody", () => {
    expect(admits(shop, "reports", "egress", internet, 443)).toBe(true);
    expect(admits(shop, "reports", "egress", { ip: "10.20.128.4" }, 443)).toBe(true);
    expect(admits(shop, "reports", "egress", internet, 80)).toBe(false);
    expect(admits(shop, "reports", "egress", { ip: "169.254.169.254" }, 80)).toBe(false);
    expect(admits(shop, "reports", "egress", { ip: "169.254.169.254" }, 443)).toBe(false);
    expect(admits(shop, "web", "egress", internet, 443)).toBe(false);
  });

  test("a mover reaches the clouds and nothing reaches it", () => {
    const mirror = on("north", "isthmus-mirror");
    expect(admits(mirror, "mirror-orders", "egress", internet, 443)).toBe(true);
    expect(admits(mirror, "mirror-orders", "egress", own, 8080)).toBe(false);
    expect(admits(mirror, "mirror-orders", "ingress", own, 8080)).toBe(false);
    expect(mirror.podSecurity).toBe("restricted");
  });
});

test("probes pass where the mesh gives them another address", () => {
  const [shop] = planOf({ ...SHOP, mesh: { kind: "istio", mode: "ambient" } }).namespaces.filter(
    ({ name }) => name === "shop",
  );

  expect(admits(shop!, "web", "ingress", { ip: "169.254.7.127" }, 8080)).toBe(true);
});
