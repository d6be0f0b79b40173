import type { TrafficTarget } from "../model";
import { type Problem, problemAt } from "../problem";
import { listed } from "../reader/suggest";

/** Who an intention is about: a service of this cluster or of a peer. */
export interface Caller {
  readonly name: string;
  /** Name of the peering connection. */
  readonly peer?: string;
}

/** Names of peering connections by the trust domains of the clusters behind them. */
export type Peers = Readonly<Record<string, string>>;

/** Identities that Consul without Enterprise gives (https://github.com/hashicorp/consul, agent/connect/uri_service.go). */
const IDENTITY = /^([^/]+)\/ns\/default\/dc\/[^/]+\/svc\/([^/]+)$/;

/** The service of a peer that has the SPIFFE identity, or why no intention can name it. */
export function peerCaller(
  spiffe: string,
  { peers, acls }: { readonly peers: Peers; readonly acls: boolean },
): { readonly caller: Caller } | { readonly message: string } {
  const [, trustDomain, name] = IDENTITY.exec(spiffe) ?? [];
  const peer = trustDomain === undefined || !Object.hasOwn(peers, trustDomain) ? undefined : peers[trustDomain];
  if (peer === undefined || name === undefined) {
    const known = listed(Object.keys(peers).map((domain) => `${domain}/ns/default/dc/<datacenter>/svc/<service>`));
    return {
      message: `found the identity "${spiffe}", which is no ServiceAccount of the mesh's trust domain; Consul names callers of other clusters as services of a peer, here: ${known}. Name its peer in the option peers, or give the caller an identity of this mesh.`,
    };
  }
  if (acls) return { caller: { name, peer } };
  return {
    message: `found the identity "${spiffe}" of the peer "${peer}"; without ACLs the intention that denies the rest is about this cluster's services only, so the peer's others would be allowed. Install Consul with ACLs.`,
  };
}

/** What a caller of a peer needs besides an intention. */
export function peerSetup(target: TrafficTarget, name: string, callers: readonly Caller[]): Problem[] {
  const peers = [...new Set(callers.flatMap(({ peer }) => peer ?? []))];
  return peers.map((peer) => {
    const message = `callers of the peer "${peer}" reach "${name}" once it is exported to them: list it in this cluster's ExportedServices, then acknowledge SMI-PEER-SETUP`;
    return problemAt("SMI-PEER-SETUP", target, target.destination.position, message);
  });
}
