import * as core from "@pulumi/kubernetes/core/v1";
import * as rbac from "@pulumi/kubernetes/rbac/v1";
import * as pulumi from "@pulumi/pulumi";

import type { Cluster } from "../cluster/cluster";
import { installChart, type Chart } from "../mesh/release";
import type { ControllerPlan } from "./controller-plan";

export interface CanaryControllerArgs {
  readonly cluster: Cluster;
  readonly plan: ControllerPlan;
  /** The mesh whose objects it changes. */
  readonly after: readonly pulumi.Resource[];
}

/** Pinned charts. Both bring their CRDs with them, and leave them when they go. */
const CHARTS: Readonly<Record<ControllerPlan["tool"], Chart>> = {
  flagger: { chart: "flagger", version: "1.44.0", repositoryOpts: { repo: "https://flagger.app" } },
  "argo-rollouts": {
    chart: "argo-rollouts",
    version: "2.41.0",
    repositoryOpts: { repo: "https://argoproj.github.io/argo-helm" },
  },
};

/** Flagger or Argo Rollouts on one cluster. */
export class CanaryController extends pulumi.ComponentResource {
  /** What custom resources of the controller wait for, and go before. */
  readonly ready: readonly pulumi.Resource[];

  constructor(name: string, { cluster, plan, after }: CanaryControllerArgs, opts?: pulumi.ComponentResourceOptions) {
    super("isthmus:rollout:CanaryController", name, { cluster: cluster.key, tool: plan.tool }, opts);
    const children = { parent: this, provider: cluster.provider };
    const namespace = new core.Namespace(name, { metadata: { name: plan.namespace } }, children);
    const release = installChart(name, plan.tool, CHARTS[plan.tool], namespace, plan.values, {
      ...children,
      dependsOn: [...after, ...cluster.ready],
    });
    this.ready = [release, ...this.allow(name, plan, namespace, children)];
    this.registerOutputs({});
  }

  /** What its chart does not allow it: the resources of a plugin. */
  private allow(
    name: string,
    { tool, resources }: ControllerPlan,
    namespace: core.Namespace,
    opts: pulumi.CustomResourceOptions,
  ): pulumi.Resource[] {
    if (resources.length === 0) return [];
    const metadata = { name: `${tool}-mesh` };
    const rules = [
      {
        apiGroups: ["consul.hashicorp.com"],
        resources: [...resources],
        verbs: ["get", "list", "watch", "update", "patch"],
      },
    ];
    const role = new rbac.ClusterRole(name, { metadata, rules }, opts);
    const binding = new rbac.ClusterRoleBinding(
      name,
      {
        metadata,
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: role.metadata.name },
        subjects: [{ kind: "ServiceAccount", name: tool, namespace: namespace.metadata.name }],
      },
      opts,
    );
    return [role, binding];
  }
}
