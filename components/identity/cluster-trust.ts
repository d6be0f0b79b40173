import * as iam from "@pulumi/aws/iam";
import * as pulumi from "@pulumi/pulumi";

import type { Cluster } from "../cluster/cluster";
import type { Providers } from "../providers";
import { AUDIENCES } from "./trust";

export interface ClusterTrustArgs {
  /** Clusters with a workload that acts in AWS. An account trusts an issuer once, whatever the number of roles. */
  readonly clusters: readonly Cluster[];
  readonly providers: Providers;
}

/** Makes an AWS account accept the ServiceAccount tokens of clusters, EKS or not. */
export class ClusterTrust extends pulumi.ComponentResource {
  private readonly providers: ReadonlyMap<string, iam.OpenIdConnectProvider>;

  constructor(name: string, { clusters, providers }: ClusterTrustArgs, opts?: pulumi.ComponentResourceOptions) {
    super("isthmus:identity:ClusterTrust", name, { clusters: clusters.map(({ key }) => key) }, opts);
    this.providers = new Map(
      clusters.map((cluster) => [
        cluster.key,
        new iam.OpenIdConnectProvider(
          `${name}-${cluster.key}`,
          // No thumbprint: IAM reads the issuer's certificate by itself.
          { url: cluster.issuer, clientIdLists: [AUDIENCES.aws] },
          { parent: this, provider: providers.awsGlobal() },
        ),
      ]),
    );
    this.registerOutputs({});
  }

  /** ARN of the IAM OIDC provider of a cluster, by its key. */
  providerArn(cluster: string): pulumi.Output<string> {
    const provider = this.providers.get(cluster);
    if (provider === undefined) throw new Error(`the cluster ${cluster} was not planned to be trusted by AWS`);
    return provider.arn;
  }
}
