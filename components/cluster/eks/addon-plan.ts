import { stableJson } from "../../json";
import { DEFAULT_ADDONS, OPTIONAL_ADDONS } from "../../spec/eks-schema";
import type { EksSpec } from "../../spec/types";

type AddonName = keyof NonNullable<EksSpec["addons"]>;

export interface AddonPlan {
  readonly name: AddonName;
  readonly version?: string;
  /** JSON text with sorted keys. */
  readonly configuration?: string;
  /** The identity of its ServiceAccount. Absent for add-ons that call no AWS API. */
  readonly identity?: AddonIdentity;
}

export interface AddonIdentity {
  readonly serviceAccount: string;
  /** AWS's own policy for it. */
  readonly policy: string;
}

/**
 * Add-ons before nodes, since nodes join by their help, and after nodes, since their own pods need one
 * (https://docs.aws.amazon.com/eks/latest/userguide/workloads-add-ons-available-eks.html).
 */
export interface AddonsPlan {
  readonly beforeNodes: readonly AddonPlan[];
  readonly afterNodes: readonly AddonPlan[];
}

const BEFORE_NODES: readonly AddonName[] = ["eks-pod-identity-agent", "kube-proxy", "vpc-cni"];

/** By Pod Identity, so that the node's own role has no permission of an application (CIS 5.2.1). */
const IDENTITIES: Readonly<Partial<Record<AddonName, AddonIdentity>>> = {
  "vpc-cni": { serviceAccount: "aws-node", policy: "AmazonEKS_CNI_Policy" },
  "aws-ebs-csi-driver": {
    serviceAccount: "ebs-csi-controller-sa",
    policy: "service-role/AmazonEBSCSIDriverPolicy",
  },
  "aws-efs-csi-driver": {
    serviceAccount: "efs-csi-controller-sa",
    policy: "service-role/AmazonEFSCSIDriverPolicy",
  },
};

/** What the platform sets; the spec's configuration goes over it. */
const CONFIGURATION: Readonly<Partial<Record<AddonName, object>>> = {
  "vpc-cni": { enableNetworkPolicy: "true" },
};

export function planAddons({ addons = {}, compute, sharedVolumes }: EksSpec): AddonsPlan {
  const optional: readonly AddonName[] = OPTIONAL_ADDONS;
  const names: AddonName[] = [
    // Auto Mode runs its own, outside of the cluster.
    ...(compute?.kind === "auto" ? [] : DEFAULT_ADDONS),
    ...(sharedVolumes === true ? (["aws-efs-csi-driver"] as const) : []),
    ...(Object.keys(addons) as AddonName[]).filter((name) => optional.includes(name)),
  ];
  const plans = names.sort().map((name): AddonPlan => {
    const { version, configuration } = addons[name] ?? {};
    const values = { ...CONFIGURATION[name], ...configuration };
    const identity = IDENTITIES[name];
    return {
      name,
      ...(version !== undefined && { version }),
      ...(Object.keys(values).length > 0 && { configuration: stableJson(values) }),
      ...(identity !== undefined && { identity }),
    };
  });
  return {
    beforeNodes: plans.filter(({ name }) => BEFORE_NODES.includes(name)),
    afterNodes: plans.filter(({ name }) => !BEFORE_NODES.includes(name)),
  };
}
