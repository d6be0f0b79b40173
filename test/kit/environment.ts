import { join } from "node:path";

import { planEnvironment, type EnvironmentPlan } from "../../components/plan";
import { aks, allow, bucket, eks, environment, linkerd, mirrored, type Environment } from "../../components/spec";

export const REPOSITORY = join(__dirname, "..", "..");

/** The day on which tests plan. */
export const TODAY = "2026-11-25";

/** Accounts that exist nowhere, as `Pulumi.local.yaml` has them. */
export const CONFIG: Readonly<Record<string, string>> = {
  "isthmus:awsDeployerRoleArn": "arn:aws:iam::123456789012:role/isthmus-deployer",
  "isthmus:azureTenantId": "11111111-2222-4333-8444-555555555555",
  "isthmus:azureSubscriptionId": "66666666-7777-4888-8999-000000000000",
  "isthmus:azureAdminGroupObjectIds": '["aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee"]',
};

export const EAST = eks({
  region: "us-east-1",
  kubernetesVersion: "1.34",
  cidr: "10.16.0.0/14",
  egress: "single",
  nodes: { general: { instanceTypes: ["m7i.large"], min: 2, max: 6 } },
});

export const NORTH = aks({
  location: "northeurope",
  kubernetesVersion: "1.34",
  cidr: "10.20.0.0/14",
  nodes: { general: { vmSize: "Standard_D4ds_v5", min: 2, max: 6 } },
});

/** A shop on both clouds, with every capability once. */
export const SHOP: Environment = environment({
  clusters: { east: EAST, north: NORTH },
  mesh: linkerd(),
  buckets: { orders: mirrored({ primary: "east", replica: "north", rpo: "15 minutes" }) },
  workloads: {
    web: { namespace: "shop", on: ["east", "north"], image: "shop/web:1", port: 8080 },
    checkout: {
      namespace: "shop",
      on: ["east"],
      image: "shop/checkout:1",
      port: 8080,
      probe: "/healthz",
      versions: { v1: { image: "shop/checkout:1" }, v2: { image: "shop/checkout:2" } },
    },
    reports: { namespace: "shop", on: ["north"], image: "shop/reports:1", port: 8080 },
  },
  access: [
    allow("web").to("checkout", { methods: ["GET"], paths: ["/cart"] }),
    allow("checkout").to(bucket("orders"), "read-write"),
    allow("reports").to(bucket("orders"), "read"),
  ],
  splits: { checkout: { "checkout-v1": 90, "checkout-v2": 10 } },
  protect: false,
});

/** Plans a spec with the accounts above. */
export function planOf(
  spec: unknown,
  overrides: { config?: Readonly<Record<string, string>>; directory?: string; environment?: string } = {},
): EnvironmentPlan {
  return planEnvironment({
    environment: "local",
    project: "isthmus",
    spec,
    config: CONFIG,
    directory: REPOSITORY,
    today: TODAY,
    ...overrides,
  });
}
