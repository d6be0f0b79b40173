import * as iam from "@pulumi/aws/iam";
import * as authorization from "@pulumi/azure-native/authorization";
import * as managedidentity from "@pulumi/azure-native/managedidentity";
import * as pulumi from "@pulumi/pulumi";

import type { Cluster } from "../cluster/cluster";
import type { Providers } from "../providers";
import type { GrantTarget } from "../storage/store";
import { roleAssignmentName, roleDefinitionId } from "./azure-roles";
import type { ClusterTrust } from "./cluster-trust";
import type { IdentityPlan } from "./plan";
import { AUDIENCES, awsTrustPolicy, bucketStatements, subjectClaim, type AccessLevel, type CloudName } from "./trust";

export interface WorkloadIdentityArgs {
  readonly plan: IdentityPlan;
  /** Name of the role and of the managed identity. */
  readonly physicalName: string;
  /** The plan's clusters. */
  readonly clusters: readonly Cluster[];
  readonly grants: readonly Grant[];
  readonly trust: ClusterTrust;
  readonly providers: Providers;
}

export interface Grant {
  readonly bucket: string;
  readonly target: GrantTarget;
  readonly level: AccessLevel;
}

/** What a pod needs to act as the identity: environment variables, and a projected token for each cloud. */
export interface PodIdentity {
  readonly env: Readonly<Record<string, pulumi.Input<string>>>;
  readonly clouds: readonly CloudName[];
}

/** Folder in which a pod finds its tokens, one file a cloud. */
export const TOKEN_FOLDER = "/var/run/secrets/isthmus";

type AwsGrant = Grant & { target: { cloud: "aws" } };
type AzureGrant = Grant & { target: { cloud: "azure" } };

/**
 * One ServiceAccount, the same principal in every cloud that it has a grant in: its projected token is exchanged at that
 * cloud's token service, from every cluster that runs it. There is no key anywhere.
 */
export class WorkloadIdentity extends pulumi.ComponentResource implements PodIdentity {
  readonly env: Readonly<Record<string, pulumi.Input<string>>>;
  readonly clouds: readonly CloudName[];
  /** What a pod waits for, so that its first token exchange finds the trust. */
  readonly ready: readonly pulumi.Resource[];

  constructor(name: string, args: WorkloadIdentityArgs, opts?: pulumi.ComponentResourceOptions) {
    super("isthmus:identity:WorkloadIdentity", name, { subject: subjectClaim(args.plan.subject) }, opts);
    const awsGrants = args.grants.filter((grant): grant is AwsGrant => grant.target.cloud === "aws");
    const azureGrants = args.grants.filter((grant): grant is AzureGrant => grant.target.cloud === "azure");

    const aws = awsGrants.length > 0 ? this.createRole(name, args, awsGrants) : undefined;
    const azure = azureGrants.length > 0 ? this.createManagedIdentity(name, args, azureGrants) : undefined;

    this.env = { ...aws?.env, ...azure?.env };
    this.clouds = [...(aws ? (["aws"] as const) : []), ...(azure ? (["azure"] as const) : [])];
    this.ready = [...(aws?.ready ?? []), ...(azure?.ready ?? [])];
    this.registerOutputs({});
  }

  private createRole(name: string, args: WorkloadIdentityArgs, grants: readonly AwsGrant[]) {
    const children = { parent: this, provider: args.providers.awsGlobal() };
    const providerArns = args.plan.clusters.map((key) => args.trust.providerArn(key));
    const role = new iam.Role(
      name,
      {
        name: args.physicalName,
        assumeRolePolicy: pulumi.all(providerArns).apply((arns) => awsTrustPolicy(arns, args.plan.subject)),
        maxSessionDuration: 3600,
      },
      children,
    );
    const policies = grants.map(
      ({ bucket, target, level }) =>
        new iam.RolePolicy(
          `${name}-${bucket}`,
          {
            name: bucket,
            role: role.name,
            policy: target.bucketArn.apply((arn) =>
              JSON.stringify({ Version: "2012-10-17", Statement: bucketStatements(arn, level) }),
            ),
          },
          children,
        ),
    );
    return {
      ready: policies,
      env: {
        AWS_ROLE_ARN: role.arn,
        AWS_WEB_IDENTITY_TOKEN_FILE: `${TOKEN_FOLDER}/aws`,
        AWS_REGION: grants[0]!.target.region,
        AWS_STS_REGIONAL_ENDPOINTS: "regional",
      },
    };
  }

  private createManagedIdentity(name: string, args: WorkloadIdentityArgs, grants: readonly AzureGrant[]) {
    const children = { parent: this, provider: args.providers.azure() };
    const { resourceGroupName, location } = grants[0]!.target;
    const identity = new managedidentity.UserAssignedIdentity(
      name,
      { resourceName: args.physicalName, resourceGroupName, location },
      children,
    );
    // One after the other: concurrent writes on one identity are refused (pulumi/pulumi-azure-native#4343).
    const credentials: managedidentity.FederatedIdentityCredential[] = [];
    for (const cluster of args.clusters) {
      const credential = new managedidentity.FederatedIdentityCredential(
        `${name}-${cluster.key}`,
        {
          resourceName: identity.name,
          resourceGroupName,
          federatedIdentityCredentialResourceName: cluster.clusterName,
          issuer: cluster.issuer,
          subject: subjectClaim(args.plan.subject),
          audiences: [AUDIENCES.azure],
        },
        { ...children, dependsOn: credentials.slice(-1) },
      );
      credentials.push(credential);
    }
    const roles = grants.map(({ bucket, target, level }) => {
      const role = level === "read" ? "blobDataReader" : "blobDataContributor";
      return new authorization.RoleAssignment(
        `${name}-${bucket}`,
        {
          roleAssignmentName: roleAssignmentName(args.physicalName, bucket, role),
          scope: target.containerId,
          roleDefinitionId: roleDefinitionId(target.subscriptionId, role),
          principalId: identity.principalId,
          // Without it, ARM looks the new principal up in Entra and may not find it yet.
          principalType: "ServicePrincipal",
        },
        // Its name says what it grants, so an old and a new one cannot stand side by side.
        { ...children, deleteBeforeReplace: true },
      );
    });
    return {
      ready: [...credentials, ...roles],
      env: {
        AZURE_CLIENT_ID: identity.clientId,
        AZURE_TENANT_ID: identity.tenantId,
        AZURE_FEDERATED_TOKEN_FILE: `${TOKEN_FOLDER}/azure`,
        AZURE_AUTHORITY_HOST: "https://login.microsoftonline.com/",
      },
    };
  }
}
