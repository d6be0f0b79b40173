import type { PropertyMap } from "../../../../local/protocol/property";
import { of, type Case } from "./case-objects";
import { named } from "./support";

/** Kinds that a platform uses beside workloads: an object that is right, and a list in it in which a field would be unknown. */
const KINDS: readonly (readonly [type: string, object: PropertyMap])[] = [
  ["core/v1:LimitRange", { spec: { limits: [{ type: "Container", default: { cpu: "1" } }] } }],
  [
    "core/v1:PersistentVolumeClaim",
    { spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } } },
  ],
  ["core/v1:ResourceQuota", { spec: { hard: { pods: "3" } } }],
  ["core/v1:ServiceAccount", { automountServiceAccountToken: false }],
  [
    "autoscaling/v2:HorizontalPodAutoscaler",
    { spec: { maxReplicas: 3, scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "web" } } },
  ],
  [
    "batch/v1:CronJob",
    {
      spec: {
        schedule: "* * * * *",
        suspend: true,
        jobTemplate: {
          spec: {
            template: { spec: { restartPolicy: "Never", containers: [{ name: "main", image: "a" }] } },
          },
        },
      },
    },
  ],
  ["networking.k8s.io/v1:Ingress", { spec: { defaultBackend: { service: { name: "web", port: { number: 80 } } } } }],
  [
    "networking.k8s.io/v1:NetworkPolicy",
    { spec: { podSelector: {}, policyTypes: ["Ingress"], ingress: [{ from: [{ podSelector: {} }] }] } },
  ],
  ["node.k8s.io/v1:RuntimeClass", { handler: "runc" }],
  ["policy/v1:PodDisruptionBudget", { spec: { maxUnavailable: 1, selector: { matchLabels: { app: "web" } } } }],
  ["rbac.authorization.k8s.io/v1:Role", { rules: [{ apiGroups: [""], resources: ["pods"], verbs: ["get"] }] }],
  ["scheduling.k8s.io/v1:PriorityClass", { value: 10 }],
  [
    "storage.k8s.io/v1:StorageClass",
    { provisioner: "ebs.csi.aws.com", parameters: { type: "gp3" }, volumeBindingMode: "WaitForFirstConsumer" },
  ],
];

const CLUSTER_SCOPED = ["RuntimeClass", "PriorityClass", "StorageClass"];

/** Each kind: one that is right, and one with a field too many. */
export function kindCases(): Case[] {
  return KINDS.flatMap(([type, object]) => {
    const kind = type.slice(type.indexOf(":") + 1);
    const scoped = (ns: string): PropertyMap => (CLUSTER_SCOPED.includes(kind) ? named(`one-${ns}`) : named("one", ns));
    const spec: PropertyMap = "spec" in object ? { spec: { ...(object.spec as PropertyMap), wrong: 1 } } : { wrong: 1 };
    return [
      {
        name: `kind ${kind}`,
        asked: (ns) => of(type, { ...scoped(ns), ...object }),
        operation: "create",
        outcome: "accepted",
      },
      {
        name: `kind ${kind} with a field that it has not`,
        asked: (ns) => of(type, { ...scoped(ns), ...object, ...spec }),
        operation: "create",
        outcome: "unknown field",
      },
    ] satisfies Case[];
  });
}
