import type * as pulumi from "@pulumi/pulumi";

import { ConsulMesh } from "./consul-mesh";
import { IstioMesh } from "./istio-mesh";
import { LinkerdMesh } from "./linkerd-mesh";
import type { Mesh, MeshArgs } from "./mesh";
import { MeshTrust } from "./mesh-trust";
import type { MeshPlan } from "./plan";
import type { TlsProvider } from "../providers";

/** Installs a mesh on each of the clusters, under one root of trust where the mesh has one: the one place that knows its component. */
export function createMeshes(
  clusters: readonly (MeshArgs & { readonly name: string; readonly opts: pulumi.ComponentResourceOptions })[],
  plan: MeshPlan,
  trust: { readonly name: string; readonly provider: TlsProvider },
  trustOpts: pulumi.ComponentResourceOptions,
): Mesh[] {
  if (plan.kind === "consul") {
    return clusters.map(({ name, opts, ...args }) => new ConsulMesh(name, { ...args, plan }, opts));
  }
  const { name: trustName, provider } = trust;
  const root = new MeshTrust(trustName, { mesh: plan.kind, trustDomain: plan.trustDomain, provider }, trustOpts);
  return clusters.map(({ name, opts, ...args }) =>
    plan.kind === "linkerd"
      ? new LinkerdMesh(name, { ...args, plan, trust: root }, opts)
      : new IstioMesh(name, { ...args, plan, trust: root }, opts),
  );
}
