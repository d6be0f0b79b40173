import { Provider as AwsProvider } from "@pulumi/aws/provider";
import { Provider as AzureProvider } from "@pulumi/azure-native/provider";
import { Provider as KubernetesProvider } from "@pulumi/kubernetes/provider";
import type * as pulumi from "@pulumi/pulumi";
import { Provider as TlsProvider } from "@pulumi/tls/provider";

// The classes by submodule: a package's root would load and type-check every service.
export { AwsProvider, AzureProvider, KubernetesProvider, TlsProvider };

export interface ProvidersPlan {
  /** AWS regions in use, sorted. */
  readonly awsRegions: readonly string[];
  /** Account of the deployer's role: another account's credentials are refused before anything is touched. */
  readonly awsAccountId?: string;
  readonly azure?: { readonly subscriptionId: string; readonly tenantId: string };
  /** Tags of everything that AWS lets us tag. */
  readonly tags: Readonly<Record<string, string>>;
}

/** IAM's home. IAM resources name this provider, so that no region of the spec ever replaces them. */
const IAM_REGION = "us-east-1";

/** The explicit providers of an environment: nothing of ours uses an ambient one. */
export class Providers {
  private readonly regions: ReadonlyMap<string, AwsProvider>;
  private readonly global: AwsProvider | undefined;
  private readonly azureProvider: AzureProvider | undefined;
  readonly tls: TlsProvider;

  constructor(name: string, plan: ProvidersPlan, opts: { parent: pulumi.Resource }) {
    const aws = (child: string, region: string): AwsProvider =>
      new AwsProvider(
        `${name}-${child}`,
        {
          region,
          defaultTags: { tags: { ...plan.tags } },
          ...(plan.awsAccountId !== undefined && { allowedAccountIds: [plan.awsAccountId] }),
        },
        opts,
      );
    this.regions = new Map(plan.awsRegions.map((region) => [region, aws(`aws-${region}`, region)]));
    this.global = plan.awsRegions.length > 0 ? aws("aws-global", IAM_REGION) : undefined;
    this.azureProvider =
      plan.azure === undefined ? undefined : new AzureProvider(`${name}-azure`, { ...plan.azure }, opts);
    this.tls = new TlsProvider(`${name}-tls`, {}, opts);
  }

  aws(region: string): AwsProvider {
    return known(this.regions.get(region), `AWS ${region}`);
  }

  /** For IAM, which has no region. */
  awsGlobal(): AwsProvider {
    return known(this.global, "AWS");
  }

  azure(): AzureProvider {
    return known(this.azureProvider, "Azure");
  }
}

function known<T>(provider: T | undefined, what: string): T {
  if (provider === undefined) throw new Error(`the plan has no provider for ${what}`);
  return provider;
}
