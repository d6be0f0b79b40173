import type { PropertyMap } from "../../protocol/property";

/** A webhook as its configuration in the chart has it, and who answers for it. */
export interface ChartWebhook {
  readonly name: string;
  readonly failurePolicy: "Fail" | "Ignore";
  readonly rules: readonly {
    readonly apiGroups: readonly string[];
    readonly operations: readonly string[];
    readonly resources: readonly string[];
  }[];
  readonly namespaceSelector?: PropertyMap;
  readonly objectSelector?: PropertyMap;
  /** Name of the Service, in the release's namespace. It answers when the workload of that name has come up. */
  readonly service: string;
}

const CREATED_PODS = [{ apiGroups: [""], operations: ["CREATE"], resources: ["pods"] }];

/** Of namespaces that ask for sidecars. */
export const ISTIO_INJECTOR: ChartWebhook = {
  name: "namespace.sidecar-injector.istio.io",
  failurePolicy: "Fail",
  rules: CREATED_PODS,
  namespaceSelector: {
    matchExpressions: [
      { key: "istio.io/rev", operator: "DoesNotExist" },
      { key: "istio-injection", operator: "In", values: ["enabled"] },
    ],
  },
  service: "istiod",
};

/** All pods but those of the system and its own. */
export const CONSUL_INJECTOR: ChartWebhook = {
  name: "consul-connect-injector.consul.hashicorp.com",
  failurePolicy: "Fail",
  rules: CREATED_PODS,
  namespaceSelector: {
    matchExpressions: [
      {
        key: "kubernetes.io/metadata.name",
        operator: "NotIn",
        values: ["kube-system", "local-path-storage", "openebs", "gmp-system"],
      },
    ],
  },
  objectSelector: { matchExpressions: [{ key: "app", operator: "NotIn", values: ["consul"] }] },
  service: "consul-connect-injector",
};

/** What istiod refuses. It is in the chart of the CRDs, and nobody answers for it until istiod is there. */
export const ISTIO_VALIDATOR: ChartWebhook = {
  name: "validation.istio.io",
  failurePolicy: "Fail",
  rules: [
    {
      apiGroups: ["extensions.istio.io", "networking.istio.io", "security.istio.io", "telemetry.istio.io"],
      operations: ["CREATE", "UPDATE"],
      resources: ["*"],
    },
  ],
  service: "istiod",
};
