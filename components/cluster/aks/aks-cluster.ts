import * as authorization from "@pulumi/azure-native/authorization";
import * as containerservice from "@pulumi/azure-native/containerservice";
import * as resources from "@pulumi/azure-native/resources";
import * as pulumi from "@pulumi/pulumi";

import { VnetNetwork } from "../../network/vnet";
import { KubernetesProvider, type AzureProvider } from "../../providers";
import { overlaying } from "../../transform";
import type { Cluster, ClusterNetworkFacts, ClusterVolumes } from "../cluster";
import { certificateAuthorityOf, renderKubeconfig } from "../kubeconfig";
import { guardingUpgrades } from "../upgrade-guard";
import { AgentPools } from "./agent-pools";
import { managedCluster } from "./control-plane";
import { AksIdentities } from "./identities";
import { AksLogs } from "./logs";
import type { AksPlan } from "./plan";
import { SecretsKey } from "./secrets-key";

export interface AksClusterArgs {
  readonly plan: AksPlan;
  readonly provider: AzureProvider;
}

/** The Entra application that every AKS API server trusts; the same in all tenants (kubelogin, `--server-id`). */
const AKS_SERVER_APPLICATION = "6dae42f8-4368-4678-94ff-3960e28e3630";

/** An AKS cluster with its network, a fixed system pool and user pools that are resources of their own. */
export class AksCluster extends pulumi.ComponentResource implements Cluster {
  readonly key: string;
  readonly clusterName: string;
  readonly clusterId: pulumi.Output<string>;
  readonly provider: KubernetesProvider;
  readonly issuer: pulumi.Output<string>;
  readonly kubeconfig: pulumi.Output<string>;
  readonly network: ClusterNetworkFacts;
  readonly volumes: ClusterVolumes;
  readonly controlPlane: pulumi.Resource;
  readonly ready: readonly pulumi.Resource[];

  private readonly opts: pulumi.CustomResourceOptions;

  constructor(name: string, args: AksClusterArgs, opts?: pulumi.ComponentResourceOptions) {
    const { plan } = args;
    const inputs = { clusterName: plan.clusterName, version: plan.kubernetesVersion, overlays: plan.overlays };
    super("isthmus:cluster:AksCluster", name, inputs, { ...opts, ...overlaying(plan.overlays) });
    this.opts = { parent: this, provider: args.provider };

    const group = this.createResourceGroup(name, plan);
    const shared = { plan, provider: args.provider, resourceGroupName: group.name };
    const network = this.createNetwork(name, args, group);
    const logs = new AksLogs(`${name}-logs`, shared, { parent: this });
    const cluster = this.createControlPlane(name, args, { group, network, logs });
    logs.collectFrom(cluster);
    const pools = new AgentPools(
      `${name}-nodes`,
      { ...shared, nodeSubnetId: network.nodeSubnetId, cluster },
      { parent: this },
    );
    if (plan.protect) this.lock(name, network);

    this.key = plan.key;
    this.clusterName = plan.clusterName;
    this.clusterId = cluster.id;
    this.issuer = cluster.oidcIssuerProfile.apply((profile) => profile!.issuerURL);
    this.kubeconfig = this.renderKubeconfig(plan, group, cluster);
    this.provider = this.createProvider(name, cluster);
    this.network = {
      nodeCidr: plan.network.cidr,
      podCidr: plan.podCidr,
      serviceCidr: plan.serviceCidr,
      egressAddresses: [network.egressAddress],
    };
    this.controlPlane = cluster;
    this.volumes = {
      block: { provisioner: "disk.csi.azure.com", parameters: { skuName: "Premium_LRS" } },
      shared: { provisioner: "file.csi.azure.com", parameters: { skuName: "Premium_LRS", protocol: "nfs" } },
    };
    this.ready = [cluster, ...pools.ready];
    this.registerOutputs({ clusterId: this.clusterId, issuer: this.issuer });
  }

  private createResourceGroup(name: string, { clusterName, place, protect, waived }: AksPlan): resources.ResourceGroup {
    return new resources.ResourceGroup(
      name,
      { ...waived, resourceGroupName: clusterName, location: place.location },
      { ...this.opts, protect },
    );
  }

  private createNetwork(name: string, { plan, provider }: AksClusterArgs, group: resources.ResourceGroup): VnetNetwork {
    return new VnetNetwork(
      `${name}-network`,
      { plan: plan.network, resourceGroupName: group.name, provider },
      { parent: this },
    );
  }

  private createControlPlane(
    name: string,
    { plan, provider }: AksClusterArgs,
    on: { group: resources.ResourceGroup; network: VnetNetwork; logs: AksLogs },
  ): containerservice.ManagedCluster {
    const shared = { plan, provider, resourceGroupName: on.group.name };
    const { nodeSubnetId, vnetId } = on.network;
    const identities = new AksIdentities(`${name}-identity`, { ...shared, nodeSubnetId, vnetId }, { parent: this });
    const secretsKey =
      plan.secretsEncryption.key === "platform"
        ? undefined
        : new SecretsKey(`${name}-secrets-key`, { ...shared, identities }, { parent: this });
    const { kubelet, controlPlane } = identities;
    return new containerservice.ManagedCluster(
      name,
      managedCluster(plan, {
        resourceGroupName: on.group.name,
        nodeSubnetId,
        workspaceId: on.logs.workspaceId,
        identityId: controlPlane.id,
        kubelet: { resourceId: kubelet.id, clientId: kubelet.clientId, objectId: kubelet.principalId },
        ...(secretsKey && { kms: secretsKey.profile }),
      }),
      {
        ...this.opts,
        dependsOn: [...identities.roles, ...(secretsKey?.roles ?? [])],
        protect: plan.protect,
        ...guardingUpgrades(name, plan.path, { input: "kubernetesVersion", output: "currentKubernetesVersion" }),
        // ARM returns every pool here. The system pool stays as it was made; the others are AgentPools
        // (pulumi/pulumi-azure-native#4264).
        ignoreChanges: ["agentPoolProfiles"],
      },
    );
  }

  /**
   * Makes Azure refuse to delete the resource group, whoever asks: a locked thing in it is enough. The lock is on the egress
   * address, which others may have allowed by number, and not on the cluster: pools inherit a cluster's lock, and then none
   * of them could be replaced (learn.microsoft.com/azure/azure-resource-manager/management/lock-resources).
   */
  private lock(name: string, network: VnetNetwork): void {
    new authorization.ManagementLockByScope(
      `${name}-lock`,
      {
        lockName: "isthmus",
        level: "CanNotDelete",
        scope: network.egressAddressId,
        notes: "Held by Pulumi, which removes it before it destroys the environment.",
      },
      this.opts,
    );
  }

  private renderKubeconfig(
    plan: AksPlan,
    group: resources.ResourceGroup,
    cluster: containerservice.ManagedCluster,
  ): pulumi.Output<string> {
    const credentials = containerservice.listManagedClusterUserCredentialsOutput(
      { resourceGroupName: group.name, resourceName: cluster.name, format: "exec" },
      { parent: this, provider: this.opts.provider },
    );
    const host = plan.publicCidrs.length > 0 ? cluster.fqdn : cluster.privateFQDN;
    const kubeconfig = pulumi.all([host, credentials.kubeconfigs]).apply(([server, kubeconfigs]) =>
      renderKubeconfig({
        name: plan.clusterName,
        server: `https://${server}:443`,
        certificateAuthority: certificateAuthorityOf(kubeconfigs[0]!.value),
        command: "kubelogin",
        // AAD_LOGIN_METHOD in the environment wins over --login: a pipeline sets it to workloadidentity.
        args: [
          "get-token",
          "--login",
          "azurecli",
          "--server-id",
          AKS_SERVER_APPLICATION,
          "--tenant-id",
          plan.place.tenantId,
        ],
        installHint: "Install kubelogin: https://azure.github.io/kubelogin",
      }),
    );
    return pulumi.secret(kubeconfig);
  }

  private createProvider(name: string, cluster: containerservice.ManagedCluster): KubernetesProvider {
    return new KubernetesProvider(
      name,
      {
        kubeconfig: this.kubeconfig,
        // What is in the cluster is replaced with the cluster, never with its kubeconfig (pulumi/pulumi-kubernetes#2745).
        clusterIdentifier: cluster.id,
        enableServerSideApply: true,
      },
      { parent: this, dependsOn: [cluster] },
    );
  }
}
