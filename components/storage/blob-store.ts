import * as resources from "@pulumi/azure-native/resources";
import * as storage from "@pulumi/azure-native/storage";
import * as pulumi from "@pulumi/pulumi";

import { TRASH_PREFIX } from "../../mirror/run";
import type { AzureProvider } from "../providers";
import type { BlobPlan } from "./plan";
import type { Guard } from "../waivers";
import type { GrantTarget, ObjectStore } from "./store";

export interface BlobStoreArgs extends Guard {
  readonly plan: BlobPlan;
  readonly retainDays: number;
  readonly provider: AzureProvider;
}

/** A private, versioned blob container without account keys that can be one side of a mirror. */
export class BlobStore extends pulumi.ComponentResource implements ObjectStore {
  readonly url: string;
  readonly target: GrantTarget;

  constructor(
    name: string,
    { plan, retainDays, protect, waived, provider }: BlobStoreArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("isthmus:storage:BlobStore", name, { account: plan.account, container: plan.container }, opts);
    const children = { parent: this, provider };

    const group = new resources.ResourceGroup(
      name,
      { ...waived, resourceGroupName: `${plan.account}-rg`, location: plan.location },
      { ...children, protect },
    );
    const account = new storage.StorageAccount(
      name,
      {
        ...waived,
        accountName: plan.account,
        resourceGroupName: group.name,
        location: plan.location,
        kind: "StorageV2",
        sku: { name: "Standard_GZRS" },
        minimumTlsVersion: "TLS1_2",
        enableHttpsTrafficOnly: true,
        // Only Entra tokens: there is no key to leak (CKV2_AZURE_40).
        allowSharedKeyAccess: false,
        defaultToOAuthAuthentication: true,
        allowBlobPublicAccess: false,
        allowCrossTenantReplication: false,
        isLocalUserEnabled: false,
      },
      { ...children, protect },
    );
    const parent = { accountName: account.name, resourceGroupName: group.name };
    const service = new storage.BlobServiceProperties(
      name,
      {
        ...parent,
        blobServicesName: "default",
        isVersioningEnabled: true,
        changeFeed: { enabled: true },
        deleteRetentionPolicy: { enabled: true, days: retainDays },
        containerDeleteRetentionPolicy: { enabled: true, days: retainDays },
      },
      children,
    );
    const container = new storage.BlobContainer(
      name,
      { ...parent, containerName: plan.container, publicAccess: "None" },
      { ...children, protect, dependsOn: [service] },
    );
    new storage.ManagementPolicy(
      name,
      {
        ...parent,
        managementPolicyName: "default",
        policy: { rules: [expireTrash(plan.container, retainDays)] },
      },
      { ...children, dependsOn: [service] },
    );

    this.url = `https://${plan.account}.blob.core.windows.net/${plan.container}`;
    this.target = {
      cloud: "azure",
      containerId: container.id,
      resourceGroupName: group.name,
      location: plan.location,
      subscriptionId: plan.subscriptionId,
    };
    this.registerOutputs({ url: this.url });
  }
}

function expireTrash(container: string, days: number) {
  return {
    name: "expire-mirror-trash",
    type: "Lifecycle",
    enabled: true,
    definition: {
      filters: { blobTypes: ["blockBlob"], prefixMatch: [`${container}/${TRASH_PREFIX}/`] },
      actions: {
        baseBlob: { delete: { daysAfterModificationGreaterThan: days } },
        version: { delete: { daysAfterCreationGreaterThan: days } },
      },
    },
  };
}
