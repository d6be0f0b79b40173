import { isPropertyMap, type PropertyMap } from "../../protocol/property";
import { anyOverlap, parseAddress, parseCidr } from "../cidr";
import type { Refusal, Rule } from "../model";
import { textAt, textsAt, valueAt, valuesAt } from "../paths";
import { KUBERNETES_VERSIONS, minorOf } from "../versions";
import { AKS_FEATURE_RULES } from "./aks-feature-rules";
import { fixedPropertyRefusal, poolRefusal } from "./aks-pools";
import { sameId, type AzureContext, type AzureSettings } from "./common";
import { SUBNET, VIRTUAL_NETWORK } from "./network";

const invalid = (message: string): Refusal => ({ code: "InvalidParameter", message });

function pools(inputs: PropertyMap | undefined): PropertyMap[] {
  return valuesAt(inputs, "agentPoolProfiles[*]").filter(isPropertyMap);
}

function versionRule(inputs: PropertyMap, { old }: AzureContext): Refusal | undefined {
  const version = textAt(inputs, "kubernetesVersion");
  const minor = minorOf(version);
  if (version === undefined) return undefined;
  if (minor === undefined || !KUBERNETES_VERSIONS.includes(`1.${minor}`)) {
    return {
      code: "K8sVersionNotSupported",
      message: `Managed cluster is on version ${version}, which is not supported in this region. Supported: ${KUBERNETES_VERSIONS.join(", ")}`,
    };
  }
  const before = textAt(old?.outputs, "currentKubernetesVersion");
  const from = minorOf(before);
  if (from === undefined || minor === from) return undefined;
  return minor === from + 1
    ? undefined
    : {
        code: "OperationNotAllowed",
        message:
          minor < from
            ? `Downgrading cluster from Kubernetes version ${before} to ${version} is not allowed.`
            : `Upgrading Kubernetes version ${before} to ${version} is not allowed. Available upgrades: 1.${from + 1}.`,
      };
}

function networkRule(inputs: PropertyMap, { ledger }: AzureContext): Refusal | undefined {
  const profile = valueAt(inputs, "networkProfile");
  const at = (name: string): string | undefined => textAt(profile, name);
  const dns = parseAddress(at("dnsServiceIP") ?? "");
  const service = at("serviceCidr");
  const block = parseCidr(service ?? "10.0.0.0/16");
  if (service !== undefined && (block === undefined || block.prefix < 12)) {
    return {
      code: "ServiceCidrNotValid",
      message: `Service CIDR ${service} is not valid; it must be an IPv4 block of /12 or smaller.`,
    };
  }
  if (
    at("dnsServiceIP") !== undefined &&
    (dns === undefined || block === undefined || dns <= block.first + 1 || dns >= block.last)
  ) {
    return {
      code: "DnsServiceIpNotInServiceCidr",
      message: `The DNS service IP ${at("dnsServiceIP")} must be within the service CIDR ${service ?? "10.0.0.0/16"} and not its first address.`,
    };
  }
  if (at("networkPluginMode") === "overlay" && at("networkPlugin") !== "azure") {
    return invalid("networkPluginMode overlay needs networkPlugin azure");
  }
  if (at("networkPolicy") === "cilium" && at("networkDataplane") !== "cilium") {
    return invalid("networkPolicy cilium needs networkDataplane cilium");
  }
  const policy = at("networkPolicy") ?? "cilium";
  if (at("networkDataplane") === "cilium" && policy !== "cilium") {
    return invalid(`networkDataplane cilium needs networkPolicy cilium and not ${policy}`);
  }
  const needsOverlay = at("networkDataplane") === "cilium" && at("networkPluginMode") !== "overlay";
  if (needsOverlay && !pools(inputs).every((pool) => pool.podSubnetID !== undefined)) {
    return invalid(
      "networkDataplane cilium needs networkPlugin azure and either networkPluginMode overlay or a podSubnetID on every pool",
    );
  }
  const networks = textsAt(inputs, "agentPoolProfiles[*].vnetSubnetID").map((id) =>
    id.replace(/\/subnets\/[^/]+$/i, ""),
  );
  const used = ledger
    .list(VIRTUAL_NETWORK)
    .filter((it) => networks.some((id) => sameId(id, it.id)))
    .flatMap((it) => textsAt(it.inputs, "addressSpace.addressPrefixes[*]"));
  if (!anyOverlap([service ?? "10.0.0.0/16"], used)) return undefined;
  return {
    code: "ServiceCidrOverlapExistingSubnetsCidr",
    message: `The specified service CIDR ${service ?? "10.0.0.0/16"} is conflicted with an existing subnet CIDR (${used.join(", ")})`,
  };
}

function gatewayRule(inputs: PropertyMap, { ledger }: AzureContext): Refusal | undefined {
  if (textAt(inputs, "networkProfile.outboundType") !== "userAssignedNATGateway") return undefined;
  const bare = textsAt(inputs, "agentPoolProfiles[*].vnetSubnetID").find((id) => {
    const subnet = ledger.list(SUBNET).find((it) => sameId(it.id, id));
    return subnet !== undefined && textAt(subnet.inputs, "natGateway.id") === undefined;
  });
  if (bare === undefined) return undefined;
  return {
    code: "SubnetMissingNATGateway",
    message: `outboundType userAssignedNATGateway needs a NAT gateway on the subnet ${bare}`,
  };
}

function identityRule(inputs: PropertyMap, { old }: AzureContext): Refusal | undefined {
  const issuer = valueAt(inputs, "oidcIssuerProfile.enabled") === true;
  if (valueAt(old?.inputs, "oidcIssuerProfile.enabled") === true && !issuer) {
    return {
      code: "OIDCIssuerCannotBeDisabled",
      message: "The OIDC issuer feature cannot be disabled once it is enabled.",
    };
  }
  if (valueAt(inputs, "securityProfile.workloadIdentity.enabled") === true && !issuer) {
    return invalid("Workload identity needs oidcIssuerProfile.enabled to be true");
  }
  if (inputs.disableLocalAccounts === true && inputs.aadProfile === undefined) {
    return invalid("disableLocalAccounts can be set only on a cluster that integrates Microsoft Entra ID (aadProfile)");
  }
  if (old?.inputs.aadProfile !== undefined && inputs.aadProfile === undefined) {
    return {
      code: "ManagedAADCannotBeDisabled",
      message: "Microsoft Entra integration cannot be disabled once it is enabled.",
    };
  }
  const hasIdentity = valueAt(inputs, "identity.type") !== undefined || inputs.servicePrincipalProfile !== undefined;
  return hasIdentity ? undefined : invalid("Required parameter servicePrincipalProfile or identity is missing (null).");
}

function poolsRule(inputs: PropertyMap, { old }: AzureContext): Refusal | undefined {
  const version = textAt(inputs, "kubernetesVersion");
  const own = pools(inputs);
  if (!own.some((pool) => pool.mode === "System")) {
    return {
      code: "MustDefineAtLeastOneSystemPool",
      message: "Must define at least one system pool in agentPoolProfiles.",
    };
  }
  for (const pool of own) {
    const refusal =
      pool.vmSize === undefined
        ? invalid("Required parameter agentPoolProfiles.vmSize is missing (null).")
        : poolRefusal(pool, version);
    if (refusal !== undefined) return refusal;
    const before = pools(old?.inputs).find((it) => it.name === pool.name);
    if (old !== undefined && before === undefined) {
      return invalid(
        "A new agent pool was introduced. Adding agent pools to an existing cluster is not allowed through managed cluster operations. " +
          "For agent pool specific change, please use per agent pool operations: https://aka.ms/agent-pool-rest-api",
      );
    }
    const fixed = before === undefined ? undefined : fixedPropertyRefusal(before, pool);
    if (fixed !== undefined) return fixed;
  }
  return undefined;
}

/** What AKS keeps of the API server's access once the cluster exists. */
function accessRule(inputs: PropertyMap, { old }: AzureContext): Refusal | undefined {
  if (old === undefined) return undefined;
  const changed = ["enablePrivateCluster", "privateDNSZone", "subnetId", "enableVnetIntegration"].find(
    (name) =>
      valueAt(old.inputs, `apiServerAccessProfile.${name}`) !== valueAt(inputs, `apiServerAccessProfile.${name}`),
  );
  if (changed === undefined) return undefined;
  return {
    code: "PropertyChangeNotAllowed",
    message: `Changing property 'properties.apiServerAccessProfile.${changed}' is not allowed.`,
  };
}

function dnsPrefixRule({ dnsPrefix, fqdnSubdomain }: PropertyMap): Refusal | undefined {
  return (dnsPrefix ?? fqdnSubdomain) === undefined
    ? invalid("Required parameter dnsPrefix is missing (null).")
    : undefined;
}

/** What AKS checks of a managed cluster beyond the form of its properties. */
export const AKS_RULES: readonly Rule<AzureSettings>[] = [
  versionRule,
  dnsPrefixRule,
  poolsRule,
  networkRule,
  gatewayRule,
  identityRule,
  accessRule,
  ...AKS_FEATURE_RULES,
];
