import type { ClusterArgs } from "@pulumi/aws/eks";
import type { Unwrap } from "@pulumi/pulumi";

import { onType, type Rule } from "../rule";

/**
 * With STANDARD, EKS upgrades the control plane when its version leaves standard support: it never runs one without
 * patches. A list of versions in support would be wrong a few months after it is written.
 */
export const eksStandardSupport: Rule = {
  kind: "cloud",
  name: "eks-standard-support",
  title: "EKS clusters stay in standard support",
  description:
    "The support policy of an EKS cluster is STANDARD; with EXTENDED an old version runs on, at six times the price.",
  level: "advisory",
  references: ["CKV_AWS_339"],
  checks: [
    onType<Unwrap<ClusterArgs>>("aws:eks/cluster:Cluster", (cluster, report) => {
      const support = cluster.at("upgradePolicy").at("supportType");
      if (support.text() === "STANDARD") return;
      report({
        path: support.path,
        found: support.isAbsent() ? "nothing, which EKS takes for EXTENDED" : support.shown(["EXTENDED"]),
        allowed: '"STANDARD"',
        next: "Set it, and upgrade before standard support of the version ends",
      });
    }),
  ],
};
