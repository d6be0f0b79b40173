import * as keyvault from "@pulumi/azure-native/keyvault";
import * as pulumi from "@pulumi/pulumi";

import type { AzureProvider } from "../../providers";
import type { AksIdentities } from "./identities";
import type { AksPlan } from "./plan";

export interface SecretsKeyArgs {
  readonly plan: AksPlan;
  readonly resourceGroupName: pulumi.Input<string>;
  readonly identities: AksIdentities;
  readonly provider: AzureProvider;
}

/** `securityProfile.azureKeyVaultKms` of a cluster. */
export interface KmsProfile {
  readonly enabled: true;
  readonly keyId: pulumi.Input<string>;
  readonly keyVaultNetworkAccess: "Public" | "Private";
  readonly keyVaultResourceId: pulumi.Input<string>;
}

/** The key that AKS encrypts Secrets with in etcd: one in a vault of its own, or one that exists already. */
export class SecretsKey extends pulumi.ComponentResource {
  readonly profile: KmsProfile;
  /** What the cluster waits for: it uses the key at once. */
  readonly roles: readonly pulumi.Resource[];

  constructor(name: string, args: SecretsKeyArgs, opts?: pulumi.ComponentResourceOptions) {
    const { secretsEncryption } = args.plan;
    super("isthmus:cluster:SecretsKey", name, { key: secretsEncryption.key }, opts);
    if (secretsEncryption.key === "given") {
      const { keyId, keyVaultId, keyVaultNetworkAccess = "Public" } = secretsEncryption;
      this.profile = { enabled: true, keyId, keyVaultNetworkAccess, keyVaultResourceId: keyVaultId };
    } else {
      const { vault, key } = this.createKey(name, args);
      this.profile = {
        enabled: true,
        keyId: key.keyUriWithVersion,
        keyVaultNetworkAccess: "Public",
        keyVaultResourceId: vault.id,
      };
    }
    const vaultId = this.profile.keyVaultResourceId;
    this.roles = [
      args.identities.grant("key", "keyVaultCryptoUser", vaultId),
      // AKS makes a private endpoint to the vault.
      ...(this.profile.keyVaultNetworkAccess === "Private"
        ? [args.identities.grant("vault", "keyVaultContributor", vaultId)]
        : []),
    ];
    this.registerOutputs({});
  }

  /** Whoever loses the key loses the Secrets: it cannot be purged, and it stays in its vault when the stack forgets it. */
  private createKey(name: string, { plan, resourceGroupName, provider }: SecretsKeyArgs) {
    const children = { parent: this, provider, protect: plan.protect };
    const vault = new keyvault.Vault(
      name,
      {
        ...plan.waived,
        vaultName: plan.keyVaultName,
        resourceGroupName,
        location: plan.place.location,
        properties: {
          tenantId: plan.place.tenantId,
          sku: { family: "A", name: "standard" },
          enableRbacAuthorization: true,
          enableSoftDelete: true,
          enablePurgeProtection: true,
          softDeleteRetentionInDays: 90,
        },
      },
      children,
    );
    const key = new keyvault.Key(
      name,
      {
        ...plan.waived,
        keyName: "secrets",
        vaultName: vault.name,
        resourceGroupName,
        properties: { kty: "RSA", keySize: 2048, keyOps: ["encrypt", "decrypt"] },
      },
      // ARM can make a key and not delete one: it goes with its vault.
      { ...children, deletedWith: vault, retainOnDelete: true },
    );
    return { vault, key };
  }
}
