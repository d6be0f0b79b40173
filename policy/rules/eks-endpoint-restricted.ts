import type { ClusterArgs } from "@pulumi/aws/eks";
import type { Unwrap } from "@pulumi/pulumi";

import { allOf, anyOf } from "../property";
import { onType, type Rule } from "../rule";

/** AWS makes an endpoint public, and open to every address, unless it is told otherwise. */
export const eksEndpointRestricted: Rule = {
  kind: "cloud",
  name: "eks-endpoint-restricted",
  title: "EKS endpoints are private or limited to known addresses",
  description:
    "The API server of an EKS cluster is reached from inside its VPC, or from a list of CIDRs that is not everyone.",
  level: "mandatory",
  references: ["CKV_AWS_38", "CKV_AWS_39", "AWS-0040", "AWS-0041", "CIS EKS 5.4.1", "CIS EKS 5.4.2"],
  checks: [
    onType<Unwrap<ClusterArgs>>("aws:eks/cluster:Cluster", (cluster, report) => {
      const endpoint = cluster.at("vpcConfig");
      const cidrs = () => endpoint.at("publicAccessCidrs");
      const isPublic = () => endpoint.at("endpointPublicAccess").boolean() ?? true;
      const isListed = () => cidrs().items().length > 0;
      const isEveryone = () =>
        anyOf(
          cidrs()
            .items()
            .map((cidr) => () => coversEverything(cidr.text())),
        );
      if (!allOf([isPublic, () => anyOf([() => !isListed(), isEveryone])])) return;

      report({
        path: cidrs().path,
        found: isListed() ? "a range that is every address, on a public endpoint" : "nothing, on a public endpoint",
        allowed: "CIDRs other than 0.0.0.0/0 and ::/0",
        next: "List the addresses that need the API server, or set vpcConfig.endpointPublicAccess to false",
      });
    }),
  ],
};

/** Any spelling: a prefix of no bits matches every address, whatever stands before it. */
function coversEverything(cidr: string | undefined): boolean {
  return cidr !== undefined && /\/0+\s*$/.test(cidr);
}
