import * as batch from "@pulumi/kubernetes/batch/v1";
import * as core from "@pulumi/kubernetes/core/v1";
import * as pulumi from "@pulumi/pulumi";

import { RUN_VARIABLE } from "../../mirror/run";
import type { Cluster } from "../cluster/cluster";
import type { WorkloadIdentity } from "../identity/workload-identity";
import { identityVolumes, RESTRICTED_CONTAINER, RESTRICTED_POD, withIdentity } from "../workload/pod";
import { moverAccount, type MirroredBucketPlan } from "./plan";

export interface MoverArgs {
  readonly plan: MirroredBucketPlan;
  readonly cluster: Cluster;
  readonly namespace: core.Namespace;
  readonly identity: WorkloadIdentity;
  /** What must be there before its pods are. */
  readonly after: readonly pulumi.Resource[];
}

/** rclone 1.73 is the first to carry metadata to Blob; 1.65.2 mends a corruption (rclone/rclone#7590). */
const IMAGE = "docker.io/rclone/rclone:1.75.1";
const CONFIG_FOLDER = "/etc/rclone";

/**
 * Copies a bucket's primary to its replica on a schedule. It stands on both clusters and runs on one: a mover that lives
 * only in the cloud that was lost could not bring the objects back.
 */
export class Mover extends pulumi.ComponentResource {
  constructor(name: string, args: MoverArgs, opts?: pulumi.ComponentResourceOptions) {
    const { plan, cluster, namespace } = args;
    const active = plan.activeCluster === cluster.key;
    super("isthmus:storage:Mover", name, { bucket: plan.key, cluster: cluster.key, active }, opts);
    const children = { parent: this, provider: cluster.provider };
    const metadata = { name: moverAccount(plan.key), namespace: namespace.metadata.name };

    const account = new core.ServiceAccount(name, { metadata, automountServiceAccountToken: false }, children);
    const config = new core.ConfigMap(name, { metadata, data: { "rclone.conf": plan.run.config } }, children);
    new batch.CronJob(
      name,
      {
        metadata,
        spec: {
          schedule: plan.run.schedule,
          suspend: !active,
          concurrencyPolicy: "Forbid",
          jobTemplate: {
            spec: {
              activeDeadlineSeconds: plan.run.deadlineSeconds,
              backoffLimit: 0,
              template: { spec: podSpec(args, account, config) },
            },
          },
        },
      },
      { ...children, dependsOn: [...cluster.ready, ...args.identity.ready, ...args.after] },
    );
    this.registerOutputs({});
  }
}

/** Every command but the last is an init container: a run goes on only while they succeed. */
function podSpec({ plan, identity }: MoverArgs, account: core.ServiceAccount, config: core.ConfigMap) {
  const containers = plan.run.commands.map((command, index) => ({
    name: index === plan.run.commands.length - 1 ? "sync" : `guard-${index}`,
    image: IMAGE,
    command: [...command],
    env: [
      { name: "RCLONE_CONFIG", value: `${CONFIG_FOLDER}/rclone.conf` },
      { name: RUN_VARIABLE, valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
    ],
    securityContext: RESTRICTED_CONTAINER,
    // 4 transfers, each with up to 16 blocks of 4 MiB on their way to Blob.
    resources: { requests: { cpu: "100m", memory: "256Mi" }, limits: { memory: "512Mi" } },
    volumeMounts: [{ name: "config", mountPath: CONFIG_FOLDER, readOnly: true }],
  }));
  return {
    restartPolicy: "Never",
    serviceAccountName: account.metadata.name,
    automountServiceAccountToken: false,
    securityContext: RESTRICTED_POD,
    ...withIdentity({ initContainers: containers.slice(0, -1), containers: containers.slice(-1) }, identity),
    volumes: [{ name: "config", configMap: { name: config.metadata.name } }, ...identityVolumes(identity)],
  };
}
