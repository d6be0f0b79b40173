import * as eks from "@pulumi/aws/eks";
import type * as pulumi from "@pulumi/pulumi";

import type { AddonPlan } from "./addon-plan";
import { createRole, podIdentityTrust, type Site } from "./site";

/** Names of the roles of add-ons, after what the add-on is called rather than after AWS's prefix. */
const purposeOf = (addon: string): string => addon.replace(/^aws-/, "").replace(/-driver$/, "");

/** Add-ons that EKS keeps running, each with an identity of its own where it calls AWS. */
export function createAddons(
  site: Site,
  cluster: eks.Cluster,
  addons: readonly AddonPlan[],
  dependsOn: readonly pulumi.Resource[],
): eks.Addon[] {
  return addons.map(({ name: addonName, version, configuration, identity }) => {
    const role = identity && createRole(site, purposeOf(addonName), podIdentityTrust(site.plan), [identity.policy]);
    return new eks.Addon(
      `${site.name}-${addonName}`,
      {
        clusterName: cluster.name,
        addonName,
        ...(version !== undefined && { addonVersion: version }),
        ...(configuration !== undefined && { configurationValues: configuration }),
        ...(role !== undefined && {
          podIdentityAssociations: [{ roleArn: role.arn, serviceAccount: identity!.serviceAccount }],
        }),
        resolveConflictsOnCreate: "OVERWRITE",
        resolveConflictsOnUpdate: "OVERWRITE",
      },
      { ...site.opts, dependsOn: [...dependsOn, ...(role?.policies ?? [])] },
    );
  });
}
