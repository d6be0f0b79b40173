import * as authorization from "@pulumi/azure-native/authorization";
import * as managedidentity from "@pulumi/azure-native/managedidentity";
import * as pulumi from "@pulumi/pulumi";

import { roleAssignmentName, roleDefinitionId, type AzureRole } from "../../identity/azure-roles";
import type { AzureProvider } from "../../providers";
import type { AksPlan } from "./plan";

export interface AksIdentitiesArgs {
  readonly plan: AksPlan;
  readonly resourceGroupName: pulumi.Input<string>;
  readonly vnetId: pulumi.Input<string>;
  readonly nodeSubnetId: pulumi.Input<string>;
  readonly provider: AzureProvider;
}

/** Who the control plane and the kubelets are, with every role that they need before they first ask for something. */
export class AksIdentities extends pulumi.ComponentResource {
  /** The control plane: it places nodes and load balancers into the subnet. */
  readonly controlPlane: managedidentity.UserAssignedIdentity;
  /** The nodes: they pull images. It outlives the cluster, and so do the registries' grants to it. */
  readonly kubelet: managedidentity.UserAssignedIdentity;
  /** What the cluster waits for. */
  readonly roles: readonly pulumi.Resource[];

  constructor(
    private readonly name: string,
    private readonly args: AksIdentitiesArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("isthmus:cluster:AksIdentities", name, { clusterName: args.plan.clusterName }, opts);
    const { plan } = args;
    this.controlPlane = this.createIdentity("control-plane");
    this.kubelet = this.createIdentity("kubelet");
    const roles = [
      this.grant("subnet", "networkContributor", args.nodeSubnetId),
      // AKS puts the kubelets' identity onto the nodes on behalf of the control plane's.
      this.grant("kubelet", "managedIdentityOperator", this.kubelet.id),
    ];
    if (plan.privateDnsZoneId !== undefined) {
      // To write the API server's record, and to link the zone to the network.
      roles.push(
        this.grant("zone", "privateDnsZoneContributor", plan.privateDnsZoneId),
        this.grant("vnet", "networkContributor", args.vnetId),
      );
    }
    this.roles = roles;
    this.registerOutputs({});
  }

  /** Gives the control plane a role, e.g. the use of the key that it encrypts Secrets with. */
  grant(what: string, role: AzureRole, scope: pulumi.Input<string>): authorization.RoleAssignment {
    const { plan, provider } = this.args;
    return new authorization.RoleAssignment(
      `${this.name}-${what}`,
      {
        roleAssignmentName: roleAssignmentName(plan.clusterName, what, role),
        scope,
        roleDefinitionId: roleDefinitionId(plan.place.subscriptionId, role),
        principalId: this.controlPlane.principalId,
        // Without it, ARM looks the new principal up in Entra and may not find it yet.
        principalType: "ServicePrincipal",
      },
      // Its name says what it grants, so an old and a new one cannot stand side by side.
      { parent: this, provider, deleteBeforeReplace: true },
    );
  }

  private createIdentity(purpose: string): managedidentity.UserAssignedIdentity {
    const { plan, resourceGroupName, provider } = this.args;
    return new managedidentity.UserAssignedIdentity(
      `${this.name}-${purpose}`,
      { resourceName: `${plan.clusterName}-${purpose}`, resourceGroupName, location: plan.place.location },
      { parent: this, provider },
    );
  }
}
