import { UNKNOWN, type PolicyMap } from "../../../policy";
import { fail, PASS, undetermined, type Case } from "./case";

export const privileged = { name: "a", securityContext: { privileged: true } };
const plain = { name: "b", image: "shop:1", ports: [{ containerPort: 8080 }] };
export const pods = (list: string, found = "a privileged container") =>
  fail(
    `${list}: found ${found}, allowed: securityContext.privileged unset or false. ` +
      (found === "a privileged container"
        ? "Remove it, and add the single capabilities that the container needs."
        : "Check the object's fields against the Kubernetes API."),
  );
export const POD = "kubernetes:core/v1:Pod";
export const pod = (spec: PolicyMap) => ({ metadata: { name: "web" }, spec });
const podUnknown = (path: string) => undetermined("no-privileged-pod", path);

export const podCases: readonly Case[] = [
  { title: "a plain pod", type: POD, properties: pod({ containers: [plain] }), expected: PASS },
  {
    title: "false and an empty securityContext",
    type: POD,
    properties: pod({ containers: [{ securityContext: { privileged: false } }, { securityContext: {} }] }),
    expected: PASS,
  },
  {
    title: "nulls, which the server drops",
    type: POD,
    properties: pod({
      containers: [{ securityContext: null }, { securityContext: { privileged: null } }],
      initContainers: null,
    }),
    expected: PASS,
  },
  { title: "a pod without a spec", type: POD, properties: {}, expected: PASS },
  ...["containers", "initContainers", "ephemeralContainers"].map((list) => ({
    title: `one privileged container in ${list}`,
    type: POD,
    properties: pod({ containers: [plain], [list]: [plain, privileged] }),
    expected: [pods(list)],
  })),
  ...[
    "kubernetes:apps/v1:Deployment",
    "kubernetes:apps/v1:StatefulSet",
    "kubernetes:apps/v1:DaemonSet",
    "kubernetes:apps/v1:ReplicaSet",
    "kubernetes:batch/v1:Job",
    "kubernetes:core/v1:ReplicationController",
    "kubernetes:apps/v1beta2:Deployment",
    "kubernetes:extensions/v1beta1:DaemonSet",
    "kubernetes:apps/v1:DeploymentPatch",
  ].map((type) => ({
    title: `a privileged template in ${type}`,
    type,
    properties: { spec: { replicas: 2, template: { spec: { containers: [privileged] } } } },
    expected: [pods("containers")],
  })),
  {
    title: "a privileged template in a CronJob",
    type: "kubernetes:batch/v1:CronJob",
    properties: { spec: { jobTemplate: { spec: { template: { spec: { containers: [privileged] } } } } } },
    expected: [pods("containers")],
  },
  {
    title: "a privileged PodTemplate",
    type: "kubernetes:core/v1:PodTemplate",
    properties: { template: { spec: { containers: [privileged] } } },
    expected: [pods("containers")],
  },
  {
    title: "a Deployment patch without a template",
    type: "kubernetes:apps/v1:DeploymentPatch",
    properties: { spec: { replicas: 3 } },
    expected: PASS,
  },
  {
    title: "text for privileged",
    type: POD,
    properties: pod({ containers: [{ securityContext: { privileged: "true" } }] }),
    expected: [pods("containers", "fields that the rule cannot read")],
  },
  {
    title: "text for the list of containers",
    type: POD,
    properties: pod({ containers: "all of them" }),
    expected: [pods("containers", "fields that the rule cannot read")],
  },
  {
    title: "an unknown image",
    type: POD,
    properties: pod({ containers: [{ name: "a", image: UNKNOWN }] }),
    expected: PASS,
  },
  {
    title: "an unknown privileged",
    type: POD,
    properties: pod({ containers: [{ securityContext: { privileged: UNKNOWN } }] }),
    expected: [podUnknown("spec.containers[0].securityContext.privileged")],
  },
  {
    title: "a privileged container after an unknown one",
    type: POD,
    properties: pod({ containers: [{ securityContext: UNKNOWN }, privileged] }),
    expected: [pods("containers")],
  },
  {
    title: "a privileged init container beside unknown containers",
    type: POD,
    properties: pod({ containers: UNKNOWN, initContainers: [privileged] }),
    expected: [pods("initContainers"), podUnknown("spec.containers")],
  },
  {
    title: "an unknown template",
    type: "kubernetes:apps/v1:Deployment",
    properties: { spec: { template: UNKNOWN } },
    expected: [podUnknown("spec.template")],
  },
];
