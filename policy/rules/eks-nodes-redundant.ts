import type { NodeGroupArgs } from "@pulumi/aws/eks";
import type { Unwrap } from "@pulumi/pulumi";

import { onType, type Rule } from "../rule";

/** A group that may be empty is scaled up for its pods; one in a single zone is one of several. One node is neither. */
export const eksNodesRedundant: Rule = {
  kind: "cloud",
  name: "eks-nodes-redundant",
  title: "EKS node groups over several zones have two nodes or more",
  description: "A node group over several zones does not shrink to one node, whose loss would stop everything on it.",
  level: "advisory",
  references: [],
  checks: [
    onType<Unwrap<NodeGroupArgs>>("aws:eks/nodeGroup:NodeGroup", (group, report) => {
      const fewest = group.at("scalingConfig").at("minSize");
      if (fewest.number() !== 1 || group.at("subnetIds").items().length < 2) return;
      report({
        path: fewest.path,
        found: "1",
        allowed: "0, or 2 and more",
        next: "Let the group keep a node in a second zone",
      });
    }),
  ],
};
