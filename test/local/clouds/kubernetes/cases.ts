import {
  BASELINE,
  configMap,
  CONFIG_MAPS,
  NO_HOST_NETWORK,
  of,
  pod,
  PODS,
  policy,
  quota,
  RESTRICTED,
  SAFE_CONTAINER,
  service,
  web,
  webhook,
  type Case,
} from "./case-objects";
import { kindCases } from "./kind-cases";
import { definition, named } from "./support";
import type { PropertyMap } from "../../../../local/protocol/property";

/** What the simulated API server answers, and a real one must too. */
export const CASES: readonly Case[] = [
  ...kindCases(),
  { name: "a Deployment", asked: (ns) => web(ns), operation: "create", outcome: "accepted" },
  {
    name: "a field that a Deployment has not",
    asked: (ns) => web(ns, {}, { replica: 1 }),
    operation: "create",
    outcome: "unknown field",
  },
  {
    name: "a field that a container has not",
    asked: (ns) => web(ns, { containers: [{ name: "main", image: "a", imagePullPolice: "Always" }] }),
    operation: "create",
    outcome: "unknown field",
  },
  {
    name: "a container without a name",
    asked: (ns) => web(ns, { containers: [{ image: "a" }] }),
    operation: "create",
    outcome: "required",
  },
  {
    name: "a selector that does not select the pods",
    asked: (ns) => web(ns, {}, { selector: { matchLabels: { app: "other" } } }),
    operation: "create",
    outcome: "invalid",
  },
  {
    name: "a name with capitals",
    asked: (ns) => of("core/v1:ConfigMap", named("Settings", ns)),
    operation: "create",
    outcome: "invalid",
  },
  {
    name: "a namespace that is not there",
    asked: () => configMap("nowhere"),
    operation: "create",
    outcome: "namespace missing",
  },
  {
    name: "a custom resource before its definition",
    asked: (ns) => of("absent.example.com/v1:Widget", named("one", ns)),
    operation: "create",
    outcome: "not served",
  },
  {
    name: "a policy that cannot be read",
    asked: (ns) => policy(ns, CONFIG_MAPS, { expression: "object.data ==" })[0]!,
    operation: "create",
    outcome: "invalid",
  },
  {
    name: "a definition without a schema",
    asked: () => {
      const object = definition("gadgets.example.com", "Gadget");
      const versions = [{ name: "v1", served: true, storage: true }];
      return of("apiextensions.k8s.io/v1:CustomResourceDefinition", {
        ...object,
        spec: { ...(object.spec as PropertyMap), versions },
      });
    },
    operation: "create",
    outcome: "required",
  },
  {
    name: "a definition whose name is not plural and group",
    asked: () => of("apiextensions.k8s.io/v1:CustomResourceDefinition", { ...definition(), ...named("widgets.other") }),
    operation: "create",
    outcome: "invalid",
  },
  {
    name: "what is there already",
    given: (ns) => [configMap(ns)],
    asked: (ns) => configMap(ns),
    operation: "create",
    outcome: "already exists",
  },
  {
    name: "a changed selector",
    given: (ns) => [web(ns)],
    asked: (ns) => {
      const labels = { app: "web", tier: "front" };
      const template = { metadata: { labels }, spec: { containers: [{ name: "main", image: "example.com/web:1" }] } };
      return web(ns, {}, { selector: { matchLabels: labels }, template });
    },
    operation: "update",
    outcome: "immutable",
  },
  {
    name: "a changed value of an immutable ConfigMap",
    given: (ns) => [configMap(ns, { a: "1" }, { immutable: true })],
    asked: (ns) => configMap(ns, { a: "2" }, { immutable: true }),
    operation: "update",
    outcome: "immutable",
  },
  {
    name: "a changed type of a Secret",
    given: (ns) => [of("core/v1:Secret", { ...named("key", ns), type: "Opaque" })],
    asked: (ns) => of("core/v1:Secret", { ...named("key", ns), type: "example.com/key" }),
    operation: "update",
    outcome: "immutable",
  },
  {
    name: "a changed role of a binding",
    given: (ns) => [
      of("rbac.authorization.k8s.io/v1:RoleBinding", {
        ...named("readers", ns),
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "view" },
        subjects: [],
      }),
    ],
    asked: (ns) =>
      of("rbac.authorization.k8s.io/v1:RoleBinding", {
        ...named("readers", ns),
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "edit" },
        subjects: [],
      }),
    operation: "update",
    outcome: "immutable",
  },
  {
    name: "a field that another manager changed, set to something else",
    given: (ns) => [web(ns)],
    edited: { "spec.replicas": 3 },
    asked: (ns) => web(ns, {}, { replicas: 2 }),
    operation: "update",
    outcome: "conflict",
  },
  {
    name: "a field that another manager changed, set to the same",
    given: (ns) => [web(ns)],
    edited: { "spec.replicas": 3 },
    asked: (ns) => web(ns, {}, { replicas: 3 }),
    operation: "update",
    outcome: "accepted",
  },
  {
    name: "a field that another manager added, left out",
    given: (ns) => [configMap(ns)],
    edited: { "data.b": "theirs" },
    asked: (ns) => configMap(ns, { a: "2" }),
    operation: "update",
    outcome: "accepted",
  },
  {
    name: "a plain pod in a restricted namespace",
    labels: RESTRICTED,
    asked: (ns) => pod(ns),
    operation: "create",
    outcome: "pod security",
  },
  {
    name: "a safe pod in a restricted namespace",
    labels: RESTRICTED,
    asked: (ns) => pod(ns, { containers: [SAFE_CONTAINER] }),
    operation: "create",
    outcome: "accepted",
  },
  {
    name: "a plain pod in a baseline namespace",
    labels: BASELINE,
    asked: (ns) => pod(ns),
    operation: "create",
    outcome: "accepted",
  },
  {
    name: "a pod that breaks much of the baseline",
    labels: BASELINE,
    asked: (ns) =>
      pod(ns, {
        hostNetwork: true,
        volumes: [{ name: "root", hostPath: { path: "/" } }],
        containers: [
          {
            name: "main",
            image: "a",
            ports: [{ containerPort: 80, hostPort: 80 }],
            securityContext: { privileged: true, capabilities: { add: ["NET_ADMIN"] } },
          },
        ],
      }),
    operation: "create",
    outcome: "pod security",
  },
  {
    name: "a Deployment of plain pods in a restricted namespace",
    labels: RESTRICTED,
    asked: (ns) => web(ns),
    operation: "create",
    outcome: "accepted",
    pods: "pod security",
  },
  {
    name: "one Service too many",
    given: (ns) => [quota(ns, { services: "0" })],
    asked: (ns) => service(ns, {}),
    operation: "create",
    outcome: "quota",
  },
  {
    name: "a pod that does not say what a quota counts",
    given: (ns) => [quota(ns, { "requests.cpu": "1" })],
    asked: (ns) => pod(ns),
    operation: "create",
    outcome: "quota",
  },
  {
    name: "a Deployment of pods that ask for more than there is",
    given: (ns) => [quota(ns, { "requests.cpu": "500m" })],
    asked: (ns) => web(ns, { containers: [{ name: "main", image: "a", resources: { requests: { cpu: "1" } } }] }),
    operation: "create",
    outcome: "accepted",
    pods: "quota",
  },
  {
    name: "a ConfigMap that a policy denies",
    given: (ns) => policy(ns, CONFIG_MAPS, { expression: "size(object.data) > 1", message: "say more" }),
    asked: (ns) => configMap(ns),
    operation: "create",
    outcome: "policy",
  },
  {
    name: "a ConfigMap on which a policy's expression fails",
    given: (ns) => policy(ns, CONFIG_MAPS, { expression: "object.data.missing == 'a'" }),
    asked: (ns) => configMap(ns),
    operation: "create",
    outcome: "policy",
  },
  {
    name: "a ConfigMap that a policy with variables and a computed message denies",
    given: (ns) =>
      policy(
        ns,
        CONFIG_MAPS,
        { expression: "variables.keys < 1", messageExpression: "'found ' + string(variables.keys)" },
        { variables: [{ name: "keys", expression: "size(object.data)" }] },
      ),
    asked: (ns) => configMap(ns),
    operation: "create",
    outcome: "policy",
  },
  {
    name: "a Deployment whose pods a policy denies",
    given: (ns) => policy(ns, PODS, NO_HOST_NETWORK),
    asked: (ns) => web(ns, { hostNetwork: true }),
    operation: "create",
    outcome: "accepted",
    pods: "policy",
  },
  {
    name: "a ConfigMap while the webhook that must see it is gone",
    given: (ns) => [webhook(ns, "Fail")],
    asked: (ns) => configMap(ns),
    operation: "create",
    outcome: "webhook",
  },
  {
    name: "a ConfigMap while a webhook that may be left out is gone",
    given: (ns) => [webhook(ns, "Ignore")],
    asked: (ns) => configMap(ns),
    operation: "create",
    outcome: "accepted",
  },
];
