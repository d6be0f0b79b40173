import type { ManagedClusterArgs } from "@pulumi/azure-native/containerservice";
import type { Unwrap } from "@pulumi/pulumi";

import { onType, type Rule } from "../rule";

/** Without `disableLocalAccounts`, `az aks get-credentials --admin` hands out a certificate that Entra ID never sees. */
export const aksNoLocalAccounts: Rule = {
  kind: "cloud",
  name: "aks-no-local-accounts",
  title: "AKS clusters have no local accounts",
  description: "Everyone signs in to an AKS cluster through Entra ID; the cluster's own admin account is disabled.",
  level: "mandatory",
  references: ["CKV_AZURE_141"],
  checks: [
    onType<Unwrap<ManagedClusterArgs>>("azure-native:containerservice:ManagedCluster", (cluster, report) => {
      const disabled = cluster.at("disableLocalAccounts");
      if (disabled.boolean() === true) return;
      report({
        path: disabled.path,
        found: disabled.shown(),
        allowed: "true",
        next: "Set it to true, with aadProfile so that people can sign in",
      });
    }),
  ],
};
