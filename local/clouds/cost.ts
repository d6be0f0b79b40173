import type { LedgerEntry } from "./ledger";
import { textAt, valueAt } from "./paths";

/** Hours of a month, as both clouds count them. */
const HOURS = 730;

/**
 * Where the prices are from: pay-as-you-go list prices in US dollars, Linux, of us-east-1 and East US, as the providers' price
 * pages had them in 2025. Other regions cost some percent more or less. They are not looked up again when they are shown.
 */
export const PRICE_LIST = "list prices of us-east-1 and East US, 2025, USD, pay as you go";

/** Dollars an hour of a machine. https://aws.amazon.com/ec2/pricing/on-demand, https://azure.microsoft.com/pricing/details/virtual-machines/linux */
const MACHINES: Readonly<Record<string, number>> = {
  "c7i.large": 0.08925,
  "m6i.large": 0.096,
  "m6i.xlarge": 0.192,
  "m7g.large": 0.0816,
  "m7g.xlarge": 0.1632,
  "m7i.large": 0.1008,
  "m7i.xlarge": 0.2016,
  "m7i.2xlarge": 0.4032,
  "r7i.large": 0.1323,
  "t3.large": 0.0832,
  "t3.medium": 0.0416,
  Standard_D2ds_v5: 0.113,
  Standard_D4ds_v5: 0.226,
  Standard_D8ds_v5: 0.452,
};

/** Dollars an hour of an AKS control plane by tier. https://azure.microsoft.com/pricing/details/kubernetes-service */
const AKS_TIERS: Readonly<Record<string, number>> = { Free: 0, Standard: 0.1, Premium: 0.6 };

/** Dollars a month for a thing, with how they come about; undefined when the table has no price for what it is. */
type Price = (entry: LedgerEntry) => { readonly monthly: number; readonly because: string } | undefined;

/**
 * Prices by type. Only what a thing costs by being there counts: no traffic, requests, stored bytes or ingested logs, which
 * depend on use, and no discounts.
 */
const PRICES: Readonly<Record<string, Price>> = {
  // https://aws.amazon.com/eks/pricing: 0.60 once a version is in extended support, which depends on the day.
  "aws:eks/cluster:Cluster": hourly(0.1, "control plane in standard support"),
  "aws:eks/nodeGroup:NodeGroup": (entry) =>
    machines(textAt(entry.inputs, "instanceTypes[0]"), valueAt(entry.inputs, "scalingConfig.desiredSize")),
  // https://aws.amazon.com/vpc/pricing
  "aws:ec2/natGateway:NatGateway": hourly(0.045, "without its traffic"),
  "aws:ec2/eip:Eip": hourly(0.005, "public IPv4 address"),
  "aws:ec2/vpcEndpoint:VpcEndpoint": (entry) => {
    const zones = valueAt(entry.inputs, "subnetIds");
    if (textAt(entry.inputs, "vpcEndpointType") !== "Interface" || !Array.isArray(zones)) return free("gateway");
    return priced(0.01 * zones.length, `interface in ${zones.length} zones`);
  },
  // https://aws.amazon.com/elasticloadbalancing/pricing
  "aws:lb/loadBalancer:LoadBalancer": hourly(0.0225, "without its capacity units"),
  // https://aws.amazon.com/kms/pricing
  "aws:kms/key:Key": () => ({ monthly: 1, because: "without its requests" }),
  "azure-native:containerservice:ManagedCluster": (entry) => {
    const tier = textAt(entry.inputs, "sku.tier") ?? "Free";
    const [control, pools] = [AKS_TIERS[tier], valueAt(entry.inputs, "agentPoolProfiles")];
    if (control === undefined) return undefined;
    let monthly = control * HOURS;
    for (const pool of Array.isArray(pools) ? pools : []) {
      const nodes = machines(textAt(pool, "vmSize"), valueAt(pool, "count"));
      if (nodes === undefined) return undefined;
      monthly += nodes.monthly;
    }
    return { monthly, because: `tier ${tier} and its system pools` };
  },
  "azure-native:containerservice:AgentPool": (entry) =>
    machines(textAt(entry.inputs, "vmSize"), valueAt(entry.inputs, "count") ?? valueAt(entry.inputs, "minCount")),
  // https://azure.microsoft.com/pricing/details/azure-nat-gateway, .../ip-addresses, .../load-balancer
  "azure-native:network:NatGateway": hourly(0.045, "without its traffic"),
  "azure-native:network:PublicIPAddress": hourly(0.005, "standard IPv4 address"),
  "azure-native:network:LoadBalancer": hourly(0.025, "five rules"),
};

/** Types whose things cost nothing, or nothing by being there: their use is what is paid for. */
const BY_USE: readonly string[] = [
  "aws:s3/",
  "azure-native:storage:",
  "aws:cloudwatch/",
  "azure-native:operationalinsights:",
];
const FREE: readonly string[] = [
  "kubernetes:",
  "tls:",
  "aws:iam/",
  "azure-native:authorization:",
  "azure-native:managedidentity:",
];

export interface CostItem {
  readonly type: string;
  readonly id: string;
  /** US dollars a month. */
  readonly monthly: number;
  /** What the price covers. */
  readonly because: string;
}

/** What exists and what it costs. */
export interface Cost {
  /** US dollars a month, of all items. */
  readonly monthly: number;
  /** Dearest first. */
  readonly items: readonly CostItem[];
  /** Things that cost money by their use, which nobody knows here, by type with their number. */
  readonly byUse: Readonly<Record<string, number>>;
  /** Things of which the table does not know whether or what they cost, by type with their number. */
  readonly unknown: Readonly<Record<string, number>>;
}

/** What the things of a ledger would cost a month at list price. What has no price is counted and named, never guessed. */
export function costOf(ledger: readonly LedgerEntry[]): Cost {
  const items: CostItem[] = [];
  const byUse: Record<string, number> = {};
  const unknown: Record<string, number> = {};
  for (const entry of ledger) {
    const { type, id } = entry;
    const price = PRICES[type]?.(entry);
    if (price !== undefined)
      items.push({ type, id, monthly: Math.round(price.monthly * 100) / 100, because: price.because });
    else if (BY_USE.some((prefix) => type.startsWith(prefix))) byUse[type] = (byUse[type] ?? 0) + 1;
    else if (type in PRICES || !isFree(type)) unknown[type] = (unknown[type] ?? 0) + 1;
  }
  items.sort((a, b) => b.monthly - a.monthly || (a.type + a.id < b.type + b.id ? -1 : 1));
  const monthly = Math.round(items.reduce((sum, item) => sum + item.monthly, 0) * 100) / 100;
  return { monthly, items: items.filter((item) => item.monthly > 0), byUse, unknown };
}

/** Networks, roles, policies and settings, and what lives inside of a cluster. */
function isFree(type: string): boolean {
  return FREE.some((prefix) => type.startsWith(prefix)) || FREE_TYPES.has(type);
}

const FREE_TYPES: ReadonlySet<string> = new Set([
  "aws:ec2/internetGateway:InternetGateway",
  "aws:ec2/launchTemplate:LaunchTemplate",
  "aws:ec2/route:Route",
  "aws:ec2/routeTable:RouteTable",
  "aws:ec2/routeTableAssociation:RouteTableAssociation",
  "aws:ec2/securityGroup:SecurityGroup",
  "aws:ec2/subnet:Subnet",
  "aws:ec2/vpc:Vpc",
  "aws:eks/accessEntry:AccessEntry",
  "aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
  "aws:eks/addon:Addon",
  "aws:eks/podIdentityAssociation:PodIdentityAssociation",
  "aws:kms/alias:Alias",
  "azure-native:containerservice:MaintenanceConfiguration",
  "azure-native:monitor:DiagnosticSetting",
  "azure-native:network:NetworkSecurityGroup",
  "azure-native:network:Subnet",
  "azure-native:network:VirtualNetwork",
  "azure-native:resources:ResourceGroup",
]);

function hourly(dollars: number, because: string): Price {
  return () => priced(dollars, because);
}

function priced(hourlyDollars: number, because: string) {
  return { monthly: hourlyDollars * HOURS, because };
}

function free(because: string) {
  return { monthly: 0, because };
}

function machines(size: string | undefined, count: unknown): ReturnType<Price> {
  const price = MACHINES[size ?? ""];
  if (price === undefined || typeof count !== "number") return undefined;
  return priced(price * count, `${count} x ${size}`);
}
