import * as ec2 from "@pulumi/aws/ec2";
import * as efs from "@pulumi/aws/efs";
import type * as pulumi from "@pulumi/pulumi";

import type { VpcNetwork } from "../../network/vpc";
import type { VolumeSource } from "../cluster";
import type { Site } from "./site";

export interface SharedFiles {
  readonly source: VolumeSource;
  /** What volumes wait for: a mount target in each zone. */
  readonly ready: readonly pulumi.Resource[];
}

const NFS = 2049;

/** An encrypted EFS file system that nodes of every zone mount, for volumes that many pods share. */
export function createSharedFiles({ name, plan, opts }: Site, network: VpcNetwork): SharedFiles {
  const child = `${name}-shared`;
  const files = new efs.FileSystem(
    child,
    {
      // The same file system when the first answer was lost.
      creationToken: `${plan.clusterName}-shared`,
      encrypted: true,
      throughputMode: "elastic",
      tags: { Name: child, ...plan.waived.tags },
    },
    { ...opts, protect: plan.protect },
  );
  const group = new ec2.SecurityGroup(
    child,
    {
      vpcId: network.vpcId,
      description: "NFS from the nodes",
      ingress: [{ protocol: "tcp", fromPort: NFS, toPort: NFS, cidrBlocks: [plan.network.cidr] }],
      tags: { Name: child },
    },
    opts,
  );
  const targets = [...network.privateSubnetIds].map(
    ([zone, subnetId]) =>
      new efs.MountTarget(`${child}-${zone}`, { fileSystemId: files.id, subnetId, securityGroups: [group.id] }, opts),
  );
  return {
    source: {
      provisioner: "efs.csi.aws.com",
      parameters: { provisioningMode: "efs-ap", fileSystemId: files.id, directoryPerms: "700" },
    },
    ready: targets,
  };
}
