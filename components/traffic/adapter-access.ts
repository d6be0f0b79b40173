import * as core from "@pulumi/kubernetes/core/v1";
import * as rbac from "@pulumi/kubernetes/rbac/v1";
import * as pulumi from "@pulumi/pulumi";

import { AUTH_DELEGATOR, AUTH_READER, type PolicyRule } from "../../smi/adapter/rbac";
import type { Cluster } from "../cluster/cluster";
import type { AdapterPlan } from "./adapter-plan";

export interface AdapterAccessArgs {
  readonly plan: AdapterPlan;
  readonly cluster: Cluster;
  readonly namespace: core.Namespace;
}

const RBAC_GROUP = "rbac.authorization.k8s.io";

/** Who the adapter is to the API server, and all that it may do there. */
export class AdapterAccess extends pulumi.ComponentResource {
  readonly account: core.ServiceAccount;
  /** Without these its first requests would be refused. */
  readonly ready: readonly pulumi.Resource[];

  private readonly opts: pulumi.CustomResourceOptions;
  private readonly subjects: { kind: string; name: string; namespace: string }[];

  constructor(
    private readonly name: string,
    private readonly args: AdapterAccessArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("isthmus:traffic:AdapterAccess", name, { cluster: args.cluster.key }, opts);
    const { plan, cluster, namespace } = args;
    this.opts = { parent: this, provider: cluster.provider };
    this.subjects = [{ kind: "ServiceAccount", name: plan.name, namespace: plan.namespace }];

    const metadata = { name: plan.name, namespace: namespace.metadata.name };
    this.account = new core.ServiceAccount(name, { metadata }, this.opts);
    const role = new rbac.Role(`${name}-lease`, { metadata, rules: copies(plan.leaseRules) }, this.opts);
    const clusterRole = new rbac.ClusterRole(
      name,
      { metadata: { name: plan.name }, rules: copies(plan.clusterRules) },
      this.opts,
    );
    this.ready = [
      this.bindInNamespace("lease", metadata, role.metadata.name),
      this.bindEverywhere(name, plan.name, clusterRole.metadata.name),
      ...(plan.metrics ? this.delegate() : []),
    ];
    this.registerOutputs({});
  }

  /** An API server of its own asks the cluster's who somebody is, and what they may do. */
  private delegate(): pulumi.Resource[] {
    const name = `${this.args.plan.name}-delegation`;
    return [
      this.bindEverywhere(`${this.name}-delegation`, name, AUTH_DELEGATOR),
      this.bindInNamespace("delegation", { name, namespace: "kube-system" }, AUTH_READER),
    ];
  }

  private bindEverywhere(resource: string, name: string, role: pulumi.Input<string>): rbac.ClusterRoleBinding {
    const roleRef = { apiGroup: RBAC_GROUP, kind: "ClusterRole", name: role };
    return new rbac.ClusterRoleBinding(resource, { metadata: { name }, roleRef, subjects: this.subjects }, this.opts);
  }

  private bindInNamespace(
    child: string,
    metadata: { name: string; namespace: pulumi.Input<string> },
    role: pulumi.Input<string>,
  ): rbac.RoleBinding {
    const roleRef = { apiGroup: RBAC_GROUP, kind: "Role", name: role };
    return new rbac.RoleBinding(`${this.name}-${child}`, { metadata, roleRef, subjects: this.subjects }, this.opts);
  }
}

function copies(rules: readonly PolicyRule[]): PolicyRule[] {
  return rules.map((rule) => ({ ...rule }));
}
