import { apiVersionOf, type Kind } from "./kinds";
import { shape, type ObjectShape, type Shape } from "./shape";

/**
 * Fields of the objects that a platform writes, as the Kubernetes API reference of 1.34 has them (the `v1` types of
 * k8s.io/api). Where a field may hold anything, the real API server is stricter than this model.
 */
export const metadata = shape(
  "annotations creationTimestamp deletionGracePeriodSeconds deletionTimestamp finalizers generateName generation labels managedFields name namespace ownerReferences resourceVersion selfLink uid",
  { annotations: "strings", labels: "strings" },
);

const selector = shape("matchExpressions matchLabels", {
  matchLabels: "strings",
  matchExpressions: shape("key! operator! values"),
});

const probe = shape(
  "exec failureThreshold grpc httpGet initialDelaySeconds periodSeconds successThreshold tcpSocket terminationGracePeriodSeconds timeoutSeconds",
  { exec: shape("command"), grpc: shape("port! service"), httpGet: shape("host httpHeaders path port! scheme") },
);

const container = shape(
  "args command env envFrom image! imagePullPolicy lifecycle livenessProbe name! ports readinessProbe resizePolicy resources restartPolicy restartPolicyRules securityContext startupProbe stdin stdinOnce terminationMessagePath terminationMessagePolicy tty volumeDevices volumeMounts workingDir",
  {
    env: shape("name! value valueFrom"),
    envFrom: shape("configMapRef prefix secretRef"),
    ports: shape("containerPort! hostIP hostPort name protocol"),
    resources: shape("claims limits requests"),
    livenessProbe: probe,
    readinessProbe: probe,
    startupProbe: probe,
    securityContext: shape(
      "allowPrivilegeEscalation appArmorProfile capabilities privileged procMount readOnlyRootFilesystem runAsGroup runAsNonRoot runAsUser seLinuxOptions seccompProfile windowsOptions",
      { capabilities: shape("add drop") },
    ),
    volumeMounts: shape("mountPath! mountPropagation name! readOnly recursiveReadOnly subPath subPathExpr"),
  },
);

const podSpec = shape(
  "activeDeadlineSeconds affinity automountServiceAccountToken containers! dnsConfig dnsPolicy enableServiceLinks ephemeralContainers hostAliases hostIPC hostNetwork hostPID hostUsers hostname hostnameOverride imagePullSecrets initContainers nodeName nodeSelector os overhead preemptionPolicy priority priorityClassName readinessGates resourceClaims resources restartPolicy runtimeClassName schedulerName schedulingGates securityContext serviceAccount serviceAccountName setHostnameAsFQDN shareProcessNamespace subdomain terminationGracePeriodSeconds tolerations topologySpreadConstraints volumes",
  {
    containers: container,
    initContainers: container,
    nodeSelector: "strings",
    securityContext: shape(
      "appArmorProfile fsGroup fsGroupChangePolicy runAsGroup runAsNonRoot runAsUser seLinuxChangePolicy seLinuxOptions seccompProfile supplementalGroups supplementalGroupsPolicy sysctls windowsOptions",
    ),
  },
);

const podTemplate = shape("metadata spec!", { metadata, spec: podSpec });

const jobSpec = shape(
  "activeDeadlineSeconds backoffLimit backoffLimitPerIndex completionMode completions managedBy manualSelector maxFailedIndexes parallelism podFailurePolicy podReplacementPolicy selector successPolicy suspend template! ttlSecondsAfterFinished",
  { template: podTemplate, selector },
);

const policyPeer = shape("ipBlock namespaceSelector podSelector", {
  ipBlock: shape("cidr! except"),
  namespaceSelector: selector,
  podSelector: selector,
});
const policyPort = shape("endPort port protocol");

const policyRule = shape("apiGroups nonResourceURLs resourceNames resources verbs!");
const roleRef = shape("apiGroup kind! name!");
const subject = shape("apiGroup kind! name! namespace");

/** A whole object: what every kind has, and its own fields. */
function object(fields: string, nested: Readonly<Record<string, Shape>> = {}): ObjectShape {
  return shape(`apiVersion kind metadata ${fields}`, { metadata, ...nested });
}

function withSpec(fields: string, nested: Readonly<Record<string, Shape>> = {}, required = "!"): ObjectShape {
  return object(`spec${required} status`, { spec: shape(fields, nested) });
}

const SHAPES: Readonly<Record<string, ObjectShape>> = {
  "v1/Namespace": withSpec("finalizers", {}, ""),
  "v1/ConfigMap": object("binaryData data immutable", { data: "strings", binaryData: "strings" }),
  "v1/Secret": object("data immutable stringData type", { data: "strings", stringData: "strings" }),
  "v1/ServiceAccount": object("automountServiceAccountToken imagePullSecrets secrets", {
    imagePullSecrets: shape("name"),
  }),
  "v1/Service": withSpec(
    "allocateLoadBalancerNodePorts clusterIP clusterIPs externalIPs externalName externalTrafficPolicy healthCheckNodePort internalTrafficPolicy ipFamilies ipFamilyPolicy loadBalancerClass loadBalancerIP loadBalancerSourceRanges ports publishNotReadyAddresses selector sessionAffinity sessionAffinityConfig trafficDistribution type",
    { ports: shape("appProtocol name nodePort port! protocol targetPort"), selector: "strings" },
    "",
  ),
  "v1/Pod": object("spec! status", { spec: podSpec }),
  "apps/v1/Deployment": withSpec(
    "minReadySeconds paused progressDeadlineSeconds replicas revisionHistoryLimit selector! strategy template!",
    { selector, template: podTemplate, strategy: shape("rollingUpdate type") },
  ),
  "apps/v1/StatefulSet": withSpec(
    "minReadySeconds ordinals persistentVolumeClaimRetentionPolicy podManagementPolicy replicas revisionHistoryLimit selector! serviceName template! updateStrategy volumeClaimTemplates",
    { selector, template: podTemplate },
  ),
  "apps/v1/DaemonSet": withSpec("minReadySeconds revisionHistoryLimit selector! template! updateStrategy", {
    selector,
    template: podTemplate,
  }),
  "batch/v1/Job": object("spec! status", { spec: jobSpec }),
  "batch/v1/CronJob": withSpec(
    "concurrencyPolicy failedJobsHistoryLimit jobTemplate! schedule! startingDeadlineSeconds successfulJobsHistoryLimit suspend timeZone",
    { jobTemplate: shape("metadata spec!", { metadata, spec: jobSpec }) },
  ),
  "networking.k8s.io/v1/NetworkPolicy": object("spec!", {
    spec: shape("egress ingress podSelector policyTypes", {
      podSelector: selector,
      ingress: shape("from ports", { from: policyPeer, ports: policyPort }),
      egress: shape("ports to", { to: policyPeer, ports: policyPort }),
    }),
  }),
  "policy/v1/PodDisruptionBudget": withSpec("maxUnavailable minAvailable selector unhealthyPodEvictionPolicy", {
    selector,
  }),
  "rbac.authorization.k8s.io/v1/Role": object("rules", { rules: policyRule }),
  "rbac.authorization.k8s.io/v1/ClusterRole": object("aggregationRule rules", { rules: policyRule }),
  "rbac.authorization.k8s.io/v1/RoleBinding": object("roleRef! subjects", { roleRef, subjects: subject }),
  "rbac.authorization.k8s.io/v1/ClusterRoleBinding": object("roleRef! subjects", { roleRef, subjects: subject }),
  "apiextensions.k8s.io/v1/CustomResourceDefinition": withSpec(
    "conversion group! names! preserveUnknownFields scope! versions!",
    {
      names: shape("categories kind! listKind plural! shortNames singular"),
      versions: shape(
        "additionalPrinterColumns deprecated deprecationWarning name! schema selectableFields served! storage! subresources",
      ),
    },
  ),
};

const matchResources = shape("excludeResourceRules matchPolicy namespaceSelector objectSelector resourceRules", {
  namespaceSelector: selector,
  objectSelector: selector,
  resourceRules: shape("apiGroups apiVersions operations resourceNames resources scope"),
  excludeResourceRules: shape("apiGroups apiVersions operations resourceNames resources scope"),
});

function webhookConfiguration(more = ""): ObjectShape {
  return object("webhooks", {
    webhooks: shape(
      `admissionReviewVersions! clientConfig! failurePolicy matchConditions matchPolicy name! namespaceSelector objectSelector rules sideEffects! timeoutSeconds${more}`,
      {
        clientConfig: shape("caBundle service url", { service: shape("name! namespace! path port") }),
        matchConditions: shape("expression! name!"),
        namespaceSelector: selector,
        objectSelector: selector,
        rules: shape("apiGroups apiVersions operations resources scope"),
      },
    ),
  });
}

/** Kinds by which a platform guards, sizes and connects what runs on it. */
const PLATFORM_SHAPES: Readonly<Record<string, ObjectShape>> = {
  "v1/LimitRange": object("spec", {
    spec: shape("limits!", { limits: shape("default defaultRequest max maxLimitRequestRatio min type!") }),
  }),
  "v1/PersistentVolumeClaim": withSpec(
    "accessModes! dataSource dataSourceRef resources! selector storageClassName volumeAttributesClassName volumeMode volumeName",
    { resources: shape("limits requests"), selector },
  ),
  "v1/ResourceQuota": withSpec("hard scopeSelector scopes", {}, ""),
  "admissionregistration.k8s.io/v1/MutatingWebhookConfiguration": webhookConfiguration(" reinvocationPolicy"),
  "admissionregistration.k8s.io/v1/ValidatingAdmissionPolicy": withSpec(
    "auditAnnotations failurePolicy matchConditions matchConstraints! paramKind validations variables",
    {
      matchConditions: shape("expression! name!"),
      matchConstraints: matchResources,
      paramKind: shape("apiVersion! kind!"),
      validations: shape("expression! message messageExpression reason"),
      variables: shape("expression! name!"),
    },
  ),
  "admissionregistration.k8s.io/v1/ValidatingAdmissionPolicyBinding": object("spec!", {
    spec: shape("matchResources paramRef policyName! validationActions!", {
      matchResources,
      paramRef: shape("name namespace parameterNotFoundAction selector"),
    }),
  }),
  "admissionregistration.k8s.io/v1/ValidatingWebhookConfiguration": webhookConfiguration(),
  "autoscaling/v2/HorizontalPodAutoscaler": withSpec("behavior maxReplicas! metrics minReplicas scaleTargetRef!", {
    scaleTargetRef: shape("apiVersion kind! name!"),
  }),
  "networking.k8s.io/v1/Ingress": withSpec("defaultBackend ingressClassName rules tls"),
  "networking.k8s.io/v1/IngressClass": object("spec", { spec: shape("controller! parameters") }),
  "node.k8s.io/v1/RuntimeClass": object("handler! overhead scheduling", {
    overhead: shape("podFixed"),
    scheduling: shape("nodeSelector tolerations"),
  }),
  "scheduling.k8s.io/v1/PriorityClass": object("description globalDefault preemptionPolicy value"),
  "storage.k8s.io/v1/CSIDriver": object("spec!", {
    spec: shape(
      "attachRequired fsGroupPolicy nodeAllocatableUpdatePeriodSeconds podInfoOnMount requiresRepublish seLinuxMount serviceAccountTokenInSecrets storageCapacity tokenRequests volumeLifecycleModes",
    ),
  }),
  "storage.k8s.io/v1/StorageClass": object(
    "allowVolumeExpansion allowedTopologies mountOptions parameters provisioner! reclaimPolicy volumeBindingMode",
    { parameters: "strings" },
  ),
};

/** The shape of a kind's objects; undefined for kinds that are taken as they come. */
export function shapeOf(kind: Kind): ObjectShape | undefined {
  const key = `${apiVersionOf(kind)}/${kind.kind}`;
  return SHAPES[key] ?? PLATFORM_SHAPES[key];
}
