import type { KubernetesValidation, Rule } from "../rule";

const LISTS = ["containers", "initContainers", "ephemeralContainers"] as const;

/** A privileged container has its node, and with the node every identity that the node's pods have. */
export const noPrivilegedPod: Rule = {
  kind: "kubernetes",
  name: "no-privileged-pod",
  title: "No container is privileged",
  description: "No container of a pod, of any kind of container, runs with securityContext.privileged.",
  level: "mandatory",
  references: ["CKV_K8S_16", "CIS 4.2.1"],
  match: [
    { group: "", kind: "Pod", resource: "pods" },
    { group: "", kind: "PodTemplate", resource: "podtemplates" },
    { group: "", kind: "ReplicationController", resource: "replicationcontrollers" },
    { group: "apps", kind: "DaemonSet", resource: "daemonsets" },
    { group: "apps", kind: "Deployment", resource: "deployments" },
    { group: "apps", kind: "ReplicaSet", resource: "replicasets" },
    { group: "apps", kind: "StatefulSet", resource: "statefulsets" },
    { group: "batch", kind: "CronJob", resource: "cronjobs" },
    { group: "batch", kind: "Job", resource: "jobs" },
  ],
  variables: [
    {
      name: "template",
      expression:
        "object.kind == 'Pod' ? object : " +
        "object.kind == 'PodTemplate' ? (has(object.template) ? object.template : {}) : " +
        "!has(object.spec) ? {} : " +
        "object.kind == 'CronJob' ? " +
        "(has(object.spec.jobTemplate) && has(object.spec.jobTemplate.spec) && has(object.spec.jobTemplate.spec.template) " +
        "? object.spec.jobTemplate.spec.template : {}) : " +
        "has(object.spec.template) ? object.spec.template : {}",
    },
    { name: "podSpec", expression: "has(variables.template.spec) ? variables.template.spec : {}" },
  ],
  validations: LISTS.map(unprivileged),
};

/** One validation a list, so that an unknown in one does not hide a violation in another. */
function unprivileged(list: (typeof LISTS)[number]): KubernetesValidation {
  return {
    expression:
      `!has(variables.podSpec.${list}) || variables.podSpec.${list}.all(c, ` +
      "!has(c.securityContext) || !has(c.securityContext.privileged) || !c.securityContext.privileged)",
    problem: {
      path: list,
      found: "a privileged container",
      allowed: "securityContext.privileged unset or false",
      next: "Remove it, and add the single capabilities that the container needs",
    },
  };
}
