import { UNKNOWN, type PolicyMap, type PolicyValue } from "../../../policy";
import { fail, PASS, undetermined, type Case } from "./case";

const EKS = "aws:eks/cluster:Cluster";
const eks = (found: string) =>
  fail(
    `vpcConfig.publicAccessCidrs: found ${found}, on a public endpoint, allowed: CIDRs other than 0.0.0.0/0 and ::/0. ` +
      "List the addresses that need the API server, or set vpcConfig.endpointPublicAccess to false.",
  );
const openEks = eks("nothing");
const wideEks = eks("a range that is every address");
const eksUnknown = (path: string) => undetermined("eks-endpoint-restricted", path);

export const eksCases: readonly Case[] = [
  {
    title: "a private endpoint",
    type: EKS,
    properties: { vpcConfig: { endpointPublicAccess: false } },
    expected: PASS,
  },
  {
    title: "a public endpoint for one office",
    type: EKS,
    properties: { vpcConfig: { endpointPublicAccess: true, publicAccessCidrs: ["203.0.113.0/24"] } },
    expected: PASS,
  },
  { title: "no vpcConfig, which AWS makes public", type: EKS, properties: {}, expected: [openEks] },
  { title: "nothing said of the endpoint", type: EKS, properties: { vpcConfig: {} }, expected: [openEks] },
  {
    title: "an empty list, which AWS takes for everyone",
    type: EKS,
    properties: { vpcConfig: { publicAccessCidrs: [] } },
    expected: [openEks],
  },
  ...["0.0.0.0/0", "::/0", "0:0::0/00"].map((cidr) => ({
    title: `everyone, as ${cidr} among others`,
    type: EKS,
    properties: { vpcConfig: { publicAccessCidrs: ["203.0.113.0/24", cidr] } },
    expected: [wideEks],
  })),
  {
    title: "everyone beside an unknown range",
    type: EKS,
    properties: { vpcConfig: { publicAccessCidrs: [UNKNOWN, "0.0.0.0/0"] } },
    expected: [wideEks],
  },
  {
    title: "an unknown range",
    type: EKS,
    properties: { vpcConfig: { publicAccessCidrs: ["203.0.113.0/24", UNKNOWN] } },
    expected: [eksUnknown("vpcConfig.publicAccessCidrs[1]")],
  },
  {
    title: "an unknown range on a private endpoint",
    type: EKS,
    properties: { vpcConfig: { endpointPublicAccess: false, publicAccessCidrs: UNKNOWN } },
    expected: PASS,
  },
  {
    title: "an endpoint that may be public, open to one office",
    type: EKS,
    properties: { vpcConfig: { endpointPublicAccess: UNKNOWN, publicAccessCidrs: ["203.0.113.0/24"] } },
    expected: PASS,
  },
  {
    title: "an endpoint that may be public, open to everyone",
    type: EKS,
    properties: { vpcConfig: { endpointPublicAccess: UNKNOWN } },
    expected: [eksUnknown("vpcConfig.endpointPublicAccess")],
  },
  { title: "an unknown vpcConfig", type: EKS, properties: { vpcConfig: UNKNOWN }, expected: [eksUnknown("vpcConfig")] },
  {
    title: "text where true or false belongs",
    type: EKS,
    properties: { vpcConfig: { endpointPublicAccess: "false" } },
    expected: [fail("vpcConfig.endpointPublicAccess: found a string, allowed: true or false. Check the value's type.")],
  },
];

const NODES = "aws:eks/nodeGroup:NodeGroup";
const support = (found: string) =>
  fail(
    `upgradePolicy.supportType: found ${found}, allowed: "STANDARD". ` +
      "Set it, and upgrade before standard support of the version ends.",
  );

export const supportCases: readonly Case[] = [
  { title: "standard support", type: EKS, properties: { upgradePolicy: { supportType: "STANDARD" } }, expected: PASS },
  {
    title: "extended support",
    type: EKS,
    properties: { upgradePolicy: { supportType: "EXTENDED" } },
    expected: [support('"EXTENDED"')],
  },
  {
    title: "no support policy, which EKS extends",
    type: EKS,
    properties: {},
    expected: [support("nothing, which EKS takes for EXTENDED")],
  },
  {
    title: "an unknown support policy",
    type: EKS,
    properties: { upgradePolicy: UNKNOWN },
    expected: [undetermined("eks-standard-support", "upgradePolicy")],
  },
];

const group = (minSize: PolicyValue, ...subnetIds: string[]): PolicyMap => ({ scalingConfig: { minSize }, subnetIds });

export const redundancyCases: readonly Case[] = [
  { title: "two nodes", type: NODES, properties: group(2, "subnet-1", "subnet-2"), expected: PASS },
  { title: "a group that may be empty", type: NODES, properties: group(0, "subnet-1", "subnet-2"), expected: PASS },
  { title: "one node of a zone's own group", type: NODES, properties: group(1, "subnet-1"), expected: PASS },
  {
    title: "one node over two zones",
    type: NODES,
    properties: group(1, "subnet-1", "subnet-2"),
    expected: [
      fail("scalingConfig.minSize: found 1, allowed: 0, or 2 and more. Let the group keep a node in a second zone."),
    ],
  },
  {
    title: "an unknown number of nodes",
    type: NODES,
    properties: group(UNKNOWN, "subnet-1", "subnet-2"),
    expected: [undetermined("eks-nodes-redundant", "scalingConfig.minSize")],
  },
];

export const aks = (found: string) =>
  fail(
    `disableLocalAccounts: found ${found}, allowed: true. Set it to true, with aadProfile so that people can sign in.`,
  );
export const AKS = "azure-native:containerservice:ManagedCluster";

export const aksCases: readonly Case[] = [
  { title: "local accounts disabled", type: AKS, properties: { disableLocalAccounts: true }, expected: PASS },
  { title: "local accounts kept", type: AKS, properties: { disableLocalAccounts: false }, expected: [aks("false")] },
  { title: "nothing said of local accounts", type: AKS, properties: {}, expected: [aks("nothing")] },
  { title: "null", type: AKS, properties: { disableLocalAccounts: null }, expected: [aks("nothing")] },
  {
    title: "an API version in the type",
    type: "azure-native:containerservice/v20250901:ManagedCluster",
    properties: {},
    expected: [aks("nothing")],
  },
  {
    title: "a preview API version in the type",
    type: "azure-native:containerservice/v20250902preview:ManagedCluster",
    properties: {},
    expected: [aks("nothing")],
  },
  {
    title: "a locally generated SDK",
    type: "azure-native_containerservice_v20250901:containerservice:ManagedCluster",
    properties: {},
    expected: [aks("nothing")],
  },
  {
    title: "an unknown value",
    type: AKS,
    properties: { disableLocalAccounts: UNKNOWN },
    expected: [undetermined("aks-no-local-accounts", "disableLocalAccounts")],
  },
];
