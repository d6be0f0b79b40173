/** How much a change deserves a reviewer's eye, worst first. */
export type Risk =
  /** A cluster, or data, or the key of data, is deleted or replaced. */
  | "loss"
  /** Something else is deleted or replaced. */
  | "disruption"
  /** Who may do what changes. */
  | "access"
  | "update"
  | "create";

export const RISKS: readonly Risk[] = ["loss", "disruption", "access", "update", "create"];

/** Types whose deletion loses data, or everything that runs inside. Azure types without their API version. */
const PRECIOUS: readonly RegExp[] = [
  /^aws:eks\/cluster:/,
  /^azure-native:containerservice:ManagedCluster$/,
  /^azure-native:resources:ResourceGroup$/,
  /^aws:s3\/(bucket|bucketV2|directoryBucket|bucketObject\w*):/,
  /^azure-native:storage:(StorageAccount|BlobContainer|FileShare|Table|Queue)$/,
  /^aws:kms\/(key|replicaKey|externalKey):/,
  /^aws:(rds|dynamodb|efs|ebs|docdb|elasticache|neptune|redshift|secretsmanager|ecr)\//,
  /^azure-native:keyvault:(Vault|Key|Secret|ManagedHsm)$/,
  /^azure-native:(sql|dbforpostgresql|dbformysql|cosmosdb|documentdb|cache|netapp|containerregistry):/,
  /^azure-native:compute:(Disk|Snapshot)$/,
  /^kubernetes:core\/[^:]+:(Namespace|PersistentVolume|PersistentVolumeClaim)$/,
  // With a definition go all its objects.
  /^kubernetes:apiextensions\.k8s\.io\/[^:]+:CustomResourceDefinition$/,
];

/** Types that say who may do what. */
const ACCESS: readonly RegExp[] = [
  /^aws:iam\//,
  /^aws:eks\/(accessEntry|accessPolicyAssociation|podIdentityAssociation|identityProviderConfig):/,
  /^aws:s3\/(bucketPolicy|bucketAcl|bucketAclV2|bucketPublicAccessBlock|bucketOwnershipControls):/,
  /^aws:kms\/(keyPolicy|grant):/,
  /^azure-native:authorization:/,
  /^azure-native:managedidentity:/,
  /^azuread:/,
  /^kubernetes:rbac\.authorization\.k8s\.io\//,
  /^kubernetes:core\/[^:]+:ServiceAccount$/,
  /^kubernetes:admissionregistration\.k8s\.io\//,
];

export type Action = "delete" | "replace" | "update" | "create" | "import";

export function riskOf(action: Action, type: string): Risk {
  const plain = type
    .replace(/^(azure-native:[^:/]+)\/v\d{8}[a-z0-9]*:/, "$1:")
    .replace(/^azure-native_[a-z0-9]+_v\d{8}[a-z0-9]*:([^:/]+)(\/[^:]*)?:/, "azure-native:$1:")
    .replace(/Patch$/, "");
  if (action === "delete" || action === "replace") return matches(PRECIOUS, plain) ? "loss" : "disruption";
  if (matches(ACCESS, plain)) return "access";
  return action === "create" ? "create" : "update";
}

function matches(patterns: readonly RegExp[], type: string): boolean {
  return patterns.some((pattern) => pattern.test(type));
}
