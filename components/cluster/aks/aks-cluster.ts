import * as authorization from "@pulumi/azure-native/authorization";
import * as containerservice from "@pulumi/azure-native/containerservice";
import * as managedidentity from "@pulumi/azure-native/managedidentity";
import * as resources from "@pulumi/azure-native/resources";
import * as pulumi from "@pulumi/pulumi";

import { roleAssignmentName, roleDefinitionId } from "../../identity/azure-roles";
import { VnetNetwork } from "../../network/vnet";
import { KubernetesProvider, type AzureProvider } from "../../providers";
import type { Cluster, ClusterNetworkFacts, ClusterVolumes } from "../cluster";
import { certificateAuthorityOf, renderKubeconfig } from "../kubeconfig";
import type { AgentPoolPlan, AksPlan } from "./plan";

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
  readonly ready: readonly pulumi.Resource[];

  private readonly opts: pulumi.CustomResourceOptions;

  constructor(name: string, args: AksClusterArgs, opts?: pulumi.ComponentResourceOptions) {
    const { plan } = args;
    super("isthmus:cluster:AksCluster", name, { clusterName: plan.clusterName, version: plan.kubernetesVersion }, opts);
    this.opts = { parent: this, provider: args.provider };

    const group = this.createResourceGroup(name, plan);
    const network = this.createNetwork(name, args, group);
    const identity = this.createIdentity(name, plan, group, network);
    const cluster = this.createControlPlane(name, plan, group, network, identity);
    const pools = this.createAgentPools(name, plan, group, network, cluster);

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
    this.volumes = {
      block: { provisioner: "disk.csi.azure.com", parameters: { skuName: "Premium_LRS" } },
      shared: { provisioner: "file.csi.azure.com", parameters: { skuName: "Premium_LRS", protocol: "nfs" } },
    };
    this.ready = [cluster, ...pools];
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

  /** The cluster's own identity, allowed to place nodes and load balancers into the subnet before it tries to. */
  private createIdentity(
    name: string,
    plan: AksPlan,
    group: resources.ResourceGroup,
    network: VnetNetwork,
  ): { id: pulumi.Output<string>; roles: pulumi.Resource[] } {
    const identity = new managedidentity.UserAssignedIdentity(
      name,
      { resourceName: plan.clusterName, resourceGroupName: group.name, location: plan.place.location },
      this.opts,
    );
    const role = new authorization.RoleAssignment(
      `${name}-network-contributor`,
      {
        roleAssignmentName: roleAssignmentName(plan.clusterName, "subnet", "networkContributor"),
        scope: network.nodeSubnetId,
        roleDefinitionId: roleDefinitionId(plan.place.subscriptionId, "networkContributor"),
        principalId: identity.principalId,
        // Without it, ARM looks the new principal up in Entra and may not find it yet.
        principalType: "ServicePrincipal",
      },
      // Its name says what it grants, so an old and a new one cannot stand side by side.
      { ...this.opts, deleteBeforeReplace: true },
    );
    return { id: identity.id, roles: [role] };
  }

  private createControlPlane(
    name: string,
    plan: AksPlan,
    group: resources.ResourceGroup,
    network: VnetNetwork,
    identity: { id: pulumi.Output<string>; roles: pulumi.Resource[] },
  ): containerservice.ManagedCluster {
    return new containerservice.ManagedCluster(
      name,
      {
        ...plan.waived,
        resourceName: plan.clusterName,
        resourceGroupName: group.name,
        location: plan.place.location,
        dnsPrefix: plan.clusterName,
        kubernetesVersion: plan.kubernetesVersion,
        nodeResourceGroup: `${plan.clusterName}-nodes`,
        nodeResourceGroupProfile: { restrictionLevel: "ReadOnly" },
        sku: { name: "Base", tier: "Standard" },
        identity: { type: "UserAssigned", userAssignedIdentities: [identity.id] },
        enableRBAC: true,
        disableLocalAccounts: true,
        aadProfile: {
          managed: true,
          enableAzureRBAC: true,
          tenantID: plan.place.tenantId,
          adminGroupObjectIDs: [...plan.adminGroupObjectIds],
        },
        apiServerAccessProfile:
          plan.publicCidrs.length > 0
            ? { authorizedIPRanges: [...plan.publicCidrs], disableRunCommand: true }
            : { enablePrivateCluster: true, privateDNSZone: "system", disableRunCommand: true },
        oidcIssuerProfile: { enabled: true },
        securityProfile: {
          workloadIdentity: { enabled: true },
          imageCleaner: { enabled: true, intervalHours: 48 },
        },
        autoUpgradeProfile: { upgradeChannel: "none", nodeOSUpgradeChannel: "NodeImage" },
        networkProfile: {
          networkPlugin: "azure",
          networkPluginMode: "overlay",
          networkDataplane: "cilium",
          networkPolicy: "cilium",
          outboundType: "userAssignedNATGateway",
          loadBalancerSku: "standard",
          podCidr: plan.podCidr,
          serviceCidr: plan.serviceCidr,
          dnsServiceIP: plan.dnsServiceIp,
        },
        agentPoolProfiles: [
          {
            name: "system",
            mode: "System",
            type: "VirtualMachineScaleSets",
            count: plan.system.count,
            vmSize: plan.system.vmSize,
            osSKU: "AzureLinux",
            osDiskType: "Ephemeral",
            maxPods: 110,
            vnetSubnetID: network.nodeSubnetId,
            nodeTaints: ["CriticalAddonsOnly=true:NoSchedule"],
          },
        ],
      },
      {
        ...this.opts,
        dependsOn: identity.roles,
        protect: plan.protect,
        // ARM returns every pool here. The system pool stays as it was made; the others are AgentPools
        // (pulumi/pulumi-azure-native#4264).
        ignoreChanges: ["agentPoolProfiles"],
      },
    );
  }

  /** One after the other: AKS refuses concurrent changes of a cluster's pools (Azure/AKS#1913). */
  private createAgentPools(
    name: string,
    plan: AksPlan,
    group: resources.ResourceGroup,
    network: VnetNetwork,
    cluster: containerservice.ManagedCluster,
  ): containerservice.AgentPool[] {
    const pools: containerservice.AgentPool[] = [];
    for (const pool of plan.nodes) {
      pools.push(this.createAgentPool(name, pool, { group, network, cluster, after: pools.slice(-1) }));
    }
    return pools;
  }

  private createAgentPool(
    name: string,
    pool: AgentPoolPlan,
    on: {
      group: resources.ResourceGroup;
      network: VnetNetwork;
      cluster: containerservice.ManagedCluster;
      after: pulumi.Resource[];
    },
  ): containerservice.AgentPool {
    return new containerservice.AgentPool(
      `${name}-nodes-${pool.name}`,
      {
        resourceGroupName: on.group.name,
        resourceName: on.cluster.name,
        agentPoolName: pool.name,
        mode: "User",
        type: "VirtualMachineScaleSets",
        orchestratorVersion: pool.kubernetesVersion,
        vmSize: pool.vmSize,
        enableAutoScaling: true,
        count: pool.min,
        minCount: pool.min,
        maxCount: pool.max,
        osSKU: "AzureLinux",
        osDiskType: "Ephemeral",
        maxPods: 110,
        vnetSubnetID: on.network.nodeSubnetId,
        nodeLabels: pool.labels,
        ...(pool.taints.length > 0 && { nodeTaints: [...pool.taints] }),
        ...(pool.spot && { scaleSetPriority: "Spot", scaleSetEvictionPolicy: "Delete", spotMaxPrice: -1 }),
        upgradeSettings: { maxSurge: "33%" },
      },
      {
        ...this.opts,
        dependsOn: on.after,
        // With the cluster, pools go at once instead of draining one by one into pod disruption budgets (Azure/AKS#3384).
        deletedWith: on.cluster,
        // The cluster autoscaler owns it after creation.
        ignoreChanges: ["count"],
      },
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
