import type { PropertyMap } from "../../protocol/property";
import type { Refusal } from "../model";
import { ratchet } from "../rules";
import { anything, boolean, list, map, number, object, string } from "../schema";
import {
  existing,
  GROUPED,
  groupedId,
  groupReference,
  locatedOutputs,
  parentReference,
  type AzureModel,
  type AzureSettings,
} from "./common";

export const VAULT = "azure-native:keyvault:Vault";

const vault: AzureModel = {
  type: VAULT,
  label: "Microsoft.KeyVault/vaults",
  properties: {
    ...GROUPED,
    vaultName: string({
      immutable: true,
      pattern: {
        test: /^[A-Za-z](?!.*--)[A-Za-z0-9-]{1,22}[A-Za-z0-9]$/,
        allowed:
          "3 to 24 letters, digits and -, beginning with a letter, ending with a letter or digit, no two - in a row",
      },
    }),
    properties: object(
      {
        tenantId: string({ required: true }),
        sku: object(
          { family: string({ required: true, oneOf: ["A"] }), name: string({ oneOf: ["standard", "premium"] }) },
          { required: true },
        ),
        accessPolicies: list(anything()),
        createMode: string({ oneOf: ["recover", "default"] }),
        enablePurgeProtection: boolean(),
        enableRbacAuthorization: boolean(),
        enableSoftDelete: boolean({ default: true }),
        enabledForDeployment: boolean(),
        enabledForDiskEncryption: boolean(),
        enabledForTemplateDeployment: boolean(),
        networkAcls: anything(),
        publicNetworkAccess: string({ default: "enabled" }),
        softDeleteRetentionInDays: number({ minimum: 7, maximum: 90, default: 90 }),
      },
      { required: true },
    ),
  },
  autoName: { property: "vaultName" },
  id: groupedId("Microsoft.KeyVault", ["vaults", "vaultName"]),
  outputs: {
    ...locatedOutputs("Microsoft.KeyVault/vaults", "2024-11-01"),
    provisioningState: () => undefined,
    "properties.vaultUri": ({ vaultName }) => `https://${String(vaultName)}.vault.azure.net/`,
  },
  references: [groupReference],
  // A vault's name is a host name: no two in all of Azure have the same.
  uniqueKey: ({ inputs }) => String(inputs.vaultName).toLowerCase(),
  taken: (inputs, other) =>
    other.inputs.resourceGroupName === inputs.resourceGroupName
      ? existing(inputs, other)
      : { code: "VaultAlreadyExists", message: `The vault name '${String(inputs.vaultName)}' is already in use.` },
  rules: [
    ratchet<AzureSettings>({
      path: "properties.enablePurgeProtection",
      allows: (before) => before !== true,
      refusal: () => ({
        code: "BadRequest",
        message:
          'The property "enablePurgeProtection" cannot be set to false. Enabling the purge protection for a vault is an irreversible action.',
      }),
    }),
  ],
};

const key: AzureModel = {
  type: "azure-native:keyvault:Key",
  label: "Microsoft.KeyVault/vaults/keys",
  properties: {
    resourceGroupName: string({ required: true, immutable: true }),
    vaultName: string({ required: true, immutable: true }),
    keyName: string({
      immutable: true,
      pattern: { test: /^[A-Za-z0-9-]{1,127}$/, allowed: "1 to 127 letters, digits and -" },
    }),
    properties: object(
      {
        attributes: anything(),
        curveName: string(),
        keyOps: list(
          string({ oneOf: ["encrypt", "decrypt", "sign", "verify", "wrapKey", "unwrapKey", "import", "release"] }),
        ),
        keySize: number(),
        kty: string({ oneOf: ["EC", "EC-HSM", "RSA", "RSA-HSM", "oct", "oct-HSM"] }),
        releasePolicy: anything(),
        rotationPolicy: anything(),
      },
      { required: true },
    ),
    tags: map(),
  },
  autoName: { property: "keyName" },
  id: groupedId("Microsoft.KeyVault", ["vaults", "vaultName"], ["keys", "keyName"]),
  outputs: {
    keyUri: keyUri,
    keyUriWithVersion: (inputs, { digest }) => `${keyUri(inputs)}/${digest("version", 32)}`,
    name: ({ keyName }) => keyName,
    type: () => "Microsoft.KeyVault/vaults/keys",
    azureApiVersion: () => "2024-11-01",
  },
  references: [groupReference, parentReference("vaultName", VAULT)],
  taken: existing,
  rules: [
    ({ properties }): Refusal | undefined => {
      const { kty, keySize } = properties as PropertyMap;
      if (kty !== "RSA" || keySize === undefined || [2048, 3072, 4096].includes(Number(keySize))) return undefined;
      return {
        code: "BadParameter",
        message: `Property has invalid value: key size ${String(keySize)}. Allowed: 2048, 3072, 4096.`,
      };
    },
  ],
};

function keyUri({ vaultName, keyName }: PropertyMap): string {
  return `https://${String(vaultName)}.vault.azure.net/keys/${String(keyName)}`;
}

export const KEY_VAULT_MODELS: readonly AzureModel[] = [vault, key];
