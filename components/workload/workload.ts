import { CustomResource } from "@pulumi/kubernetes/apiextensions";
import * as apps from "@pulumi/kubernetes/apps/v1";
import * as core from "@pulumi/kubernetes/core/v1";
import * as pulumi from "@pulumi/pulumi";

import type { Cluster } from "../cluster/cluster";
import { SANDBOX_CLASS } from "../cluster/portable/sandbox-plan";
import type { WorkloadIdentity } from "../identity/workload-identity";
import type { DeploymentPlan, WorkloadPlan } from "./plan";
import { environment, identityVolumes, RESTRICTED_CONTAINER, RESTRICTED_POD, withIdentity } from "./pod";

export interface WorkloadArgs {
  readonly plan: WorkloadPlan;
  readonly cluster: Cluster;
  readonly namespace: core.Namespace;
  /** Absent for a workload that uses nothing of a cloud. */
  readonly identity?: WorkloadIdentity;
  /** What must run before pods are made, e.g. the mesh that injects its proxy into them. */
  readonly after: readonly pulumi.Resource[];
}

/** A workload on one cluster: its ServiceAccount, Deployments and Services. */
export class Workload extends pulumi.ComponentResource {
  constructor(name: string, args: WorkloadArgs, opts?: pulumi.ComponentResourceOptions) {
    const { plan, cluster, namespace } = args;
    super(
      "isthmus:workload:Workload",
      name,
      { namespace: plan.namespace, workload: plan.key, cluster: cluster.key },
      opts,
    );
    const children = { parent: this, provider: cluster.provider };
    const metadata = { namespace: namespace.metadata.name, labels: plan.labels };

    const account = new core.ServiceAccount(
      name,
      { metadata: { ...metadata, name: plan.key }, automountServiceAccountToken: false },
      children,
    );
    const pods = { ...children, dependsOn: [...args.after, ...(args.identity?.ready ?? [])] };
    for (const deployment of plan.deployments) {
      this.runPods(`${name}-${deployment.name}`, args, deployment, account, pods);
    }
    for (const service of plan.services) {
      new core.Service(
        `${name}-${service.name}`,
        {
          metadata: { ...metadata, name: service.name, labels: service.labels },
          spec: {
            selector: service.selector,
            ports: [{ name: "http", port: plan.port, targetPort: "http", appProtocol: "http" }],
          },
        },
        { ...children, ...(service.narrowed && { ignoreChanges: ["spec.selector"] }) },
      );
    }
    this.registerOutputs({});
  }

  /** A Deployment, or the Rollout in its place. */
  private runPods(
    name: string,
    args: WorkloadArgs,
    deployment: DeploymentPlan,
    account: core.ServiceAccount,
    opts: pulumi.CustomResourceOptions,
  ): void {
    const { plan, namespace } = args;
    const metadata = { namespace: namespace.metadata.name, name: deployment.name, labels: deployment.labels };
    const labels = { ...deployment.labels, ...deployment.joins.labels };
    const spec = {
      replicas: plan.replicas,
      selector: { matchLabels: deployment.labels },
      template: { metadata: { ...deployment.joins, labels }, spec: this.podSpec(args, deployment, account) },
    };
    if (plan.canary?.by === "argo-rollouts") {
      const rollout = { apiVersion: "argoproj.io/v1alpha1", kind: "Rollout", metadata };
      new CustomResource(name, { ...rollout, spec: { ...spec, strategy: plan.canary.strategy } }, opts);
      return;
    }
    // Flagger takes the Deployment's pods away while no new version proves itself.
    const ignoreChanges = plan.canary?.by === "flagger" ? ["spec.replicas"] : [];
    new apps.Deployment(name, { metadata, spec }, { ...opts, ignoreChanges });
  }

  private podSpec({ plan, identity }: WorkloadArgs, deployment: DeploymentPlan, account: core.ServiceAccount) {
    const probe = plan.probe === undefined ? undefined : { httpGet: { path: plan.probe, port: "http" } };
    const container = {
      name: plan.key,
      image: deployment.image,
      ports: [{ name: "http", containerPort: plan.port }],
      env: environment(plan.env),
      securityContext: RESTRICTED_CONTAINER,
      resources: { requests: { cpu: "100m", memory: "128Mi" }, limits: { memory: "256Mi" } },
      ...(probe && { livenessProbe: probe, readinessProbe: probe }),
    };
    return {
      serviceAccountName: account.metadata.name,
      automountServiceAccountToken: plan.apiToken,
      ...(plan.sandbox && { runtimeClassName: SANDBOX_CLASS }),
      securityContext: RESTRICTED_POD,
      ...withIdentity({ containers: [container] }, identity),
      volumes: identityVolumes(identity),
    };
  }
}
