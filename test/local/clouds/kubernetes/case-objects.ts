import type { PropertyMap } from "../../../../local/protocol/property";
import type { Outcome } from "./outcomes";
import { deployment, named } from "./support";

/** An object of the table, and its type: `apps/v1:Deployment`. */
export interface Given {
  readonly type: string;
  readonly object: PropertyMap;
}

/** One question to an API server. Everything is in a namespace of its own, which exists. */
export interface Case {
  readonly name: string;
  /** What is there before. */
  readonly given?: (namespace: string) => readonly Given[];
  /** Labels of the namespace. */
  readonly labels?: Readonly<Record<string, string>>;
  /** What another manager changes before, by property path, of the last thing given. */
  readonly edited?: Readonly<Record<string, number | string>>;
  readonly asked: (namespace: string) => Given;
  /** `update` applies over the last thing given. */
  readonly operation: "create" | "update";
  readonly outcome: Outcome;
  /** For a workload that is taken: why its pods are not. */
  readonly pods?: Outcome;
}

const DEPLOYMENT = "apps/v1:Deployment";

export function of(type: string, object: PropertyMap): Given {
  return { type, object };
}

export function web(namespace: string, pod: PropertyMap = {}, changes: PropertyMap = {}): Given {
  const object = deployment("web", namespace, pod);
  return of(DEPLOYMENT, { ...object, spec: { ...(object.spec as PropertyMap), replicas: 1, ...changes } });
}

export function configMap(namespace: string, data: PropertyMap = { a: "1" }, more: PropertyMap = {}): Given {
  return of("core/v1:ConfigMap", { ...named("settings", namespace), data, ...more });
}

export function service(namespace: string, spec: PropertyMap): Given {
  return of("core/v1:Service", { ...named("web", namespace), spec: { ports: [{ port: 80 }], ...spec } });
}

export const RESTRICTED = { "pod-security.kubernetes.io/enforce": "restricted" };
export const BASELINE = { "pod-security.kubernetes.io/enforce": "baseline" };

export const SAFE_CONTAINER: PropertyMap = {
  name: "main",
  image: "example.com/web:1",
  securityContext: {
    allowPrivilegeEscalation: false,
    capabilities: { drop: ["ALL"] },
    runAsNonRoot: true,
    seccompProfile: { type: "RuntimeDefault" },
  },
};

export function pod(namespace: string, spec: PropertyMap = {}): Given {
  return of("core/v1:Pod", {
    ...named("one", namespace),
    spec: { containers: [{ name: "main", image: "example.com/web:1" }], ...spec },
  });
}

export function quota(namespace: string, hard: PropertyMap): Given {
  return of("core/v1:ResourceQuota", { ...named("limits", namespace), spec: { hard } });
}

/** A policy and its binding, for one namespace only. */
export function policy(
  namespace: string,
  resources: PropertyMap,
  validation: PropertyMap,
  more: PropertyMap = {},
): Given[] {
  const matching = { namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } } };
  return [
    of("admissionregistration.k8s.io/v1:ValidatingAdmissionPolicy", {
      ...named(`rule-${namespace}`),
      spec: {
        failurePolicy: "Fail",
        matchConstraints: { resourceRules: [{ apiVersions: ["*"], operations: ["CREATE", "UPDATE"], ...resources }] },
        validations: [validation],
        ...more,
      },
    }),
    of("admissionregistration.k8s.io/v1:ValidatingAdmissionPolicyBinding", {
      ...named(`rule-${namespace}`),
      spec: { policyName: `rule-${namespace}`, validationActions: ["Deny"], matchResources: matching },
    }),
  ];
}

export const PODS = { apiGroups: [""], resources: ["pods"] };
export const CONFIG_MAPS = { apiGroups: [""], resources: ["configmaps"] };

export const NO_HOST_NETWORK = {
  expression: "!has(object.spec.hostNetwork) || !object.spec.hostNetwork",
  message: "the host's network is not for pods",
};

export function webhook(namespace: string, failurePolicy: string): Given {
  return of("admissionregistration.k8s.io/v1:ValidatingWebhookConfiguration", {
    ...named(`hook-${namespace}`),
    webhooks: [
      {
        name: "check.example.com",
        failurePolicy,
        sideEffects: "None",
        admissionReviewVersions: ["v1"],
        clientConfig: { service: { name: "gone", namespace, path: "/check" } },
        namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } },
        rules: [{ apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["configmaps"] }],
      },
    ],
  });
}
