import type { ManagedClusterArgs } from "@pulumi/azure-native/containerservice";
import type { Unwrap } from "@pulumi/pulumi";

import { UNGUARDED_ENVIRONMENTS } from "../guard";
import { Property } from "../property";
import type { PolicyMap } from "../value";
import type { Report, ResourceFacts, Rule } from "../rule";

/** What costs money, or needs something of the subscription first, and so is no default. `local` and `dev` go without. */
export const aksHardeningOptions: Rule = {
  kind: "cloud",
  name: "aks-hardening-options",
  title: "AKS clusters with workloads of value have the options that scanners ask for",
  description:
    "Secrets are encrypted with a key of one's own, disks too; containers' logs are collected, and Defender watches.",
  level: "advisory",
  references: ["CKV_AZURE_4", "CKV_AZURE_117", "AZU-0040", "AZU-0067", "CIS AKS 5.1.1", "CIS AKS 5.3.1"],
  checks: [{ type: "azure-native:containerservice:ManagedCluster", run: check }],
};

function check(properties: PolicyMap, report: Report, { stack }: ResourceFacts): void {
  if (UNGUARDED_ENVIRONMENTS.has(stack)) return;
  const cluster = new Property<Unwrap<ManagedClusterArgs>>(properties);
  const security = cluster.at("securityProfile");
  const kms = security.at("azureKeyVaultKms").at("enabled");
  if (kms.boolean() !== true) {
    report({ path: kms.path, found: kms.shown(), allowed: "true", next: 'Set secretsEncryption: { key: "created" }' });
  }
  const disks = cluster.at("diskEncryptionSetID");
  if (disks.isAbsent()) {
    report({
      path: disks.path,
      found: disks.shown(),
      allowed: "the id of a disk encryption set",
      next: "Set diskEncryptionSetId before the cluster is made: changing it replaces the cluster",
    });
  }
  const agent = cluster.at("addonProfiles").at("omsagent").at("enabled");
  if (agent.boolean() !== true) {
    report({ path: agent.path, found: agent.shown(), allowed: "true", next: "Set containerInsights: true" });
  }
  const defender = security.at("defender").at("securityMonitoring").at("enabled");
  if (defender.boolean() !== true) {
    report({ path: defender.path, found: defender.shown(), allowed: "true", next: "Set defender: true" });
  }
}
