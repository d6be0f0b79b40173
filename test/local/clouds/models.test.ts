import { readFileSync } from "node:fs";

import { AWS } from "../../../local/clouds/aws";
import { AZURE } from "../../../local/clouds/azure";
import type { Properties } from "../../../local/clouds/schema";
import { LATENCIES } from "../../../local/clouds/latencies";
import { latency, SimulatedClouds } from "../../../local/clouds";
import { refusal } from "./tenant";

interface Model {
  readonly type: string;
  readonly properties: Properties;
}

const models: readonly Model[] = [...AWS.models, ...AZURE.models];

/** The SDK's source of a resource class: `aws:ec2/vpc:Vpc` or `azure-native:network:Subnet`. */
function sdkSource(type: string): string {
  const [pkg = "", module = "", name = ""] = type.split(":");
  const file = module.includes("/") ? module : `${module}/${name.charAt(0).toLowerCase()}${name.slice(1)}`;
  return readFileSync(require.resolve(`@pulumi/${pkg}/${file}.js`), "utf8");
}

function found(source: string, pattern: RegExp): string[] {
  return [...new Set([...source.matchAll(pattern)].map(([, name = ""]) => name))].sort();
}

test.each(models.map((model) => [model.type, model] as const))(
  "%s takes exactly what the SDK sends",
  (type, { properties }) => {
    const source = sdkSource(type);
    expect(Object.keys(properties).sort()).toEqual(
      found(source, /resourceInputs\["(\w+)"\] = (?!undefined)[^;]*\bargs\b/g),
    );
    const required = Object.keys(properties).filter((name) => properties[name]?.required === true);
    expect(required.sort()).toEqual(found(source, /Missing required property '(\w+)'/g));
  },
);

test.each([
  ["aws", AWS.config],
  ["azure-native", AZURE.config],
])("the provider %s takes exactly what the SDK sends", (pkg, config) => {
  const source = readFileSync(require.resolve(`@pulumi/${pkg}/provider.js`), "utf8");
  expect(Object.keys(config).sort()).toEqual(found(source, /resourceInputs\["(\w+)"\] = /g));
});

test("every operation takes time, with a source for what a model's type takes, and a cluster takes minutes", () => {
  const unused = Object.keys(LATENCIES).filter(
    (type) => !type.startsWith("kubernetes:") && !models.some((model) => model.type === type),
  );
  expect(unused).toEqual([]);
  expect(Object.entries(LATENCIES).filter(([, { source }]) => source === "")).toEqual([]);
  const instant = models.filter(({ type }) =>
    (["create", "update", "delete"] as const).some((it) => latency(type, it) <= 0),
  );
  expect(instant).toEqual([]);
  expect(latency("aws:eks/cluster:Cluster", "create")).toBeGreaterThan(8 * 60);
  expect(latency("azure-native:containerservice:ManagedCluster", "create")).toBeGreaterThan(4 * 60);
  expect(latency("pulumi:pulumi:Stack", "create")).toBe(0);
});

test("a package without a simulated provider is an error that names those there are", async () => {
  expect(await refusal(new SimulatedClouds().open("gcp"))).toBe(
    "there is no simulated provider of the package gcp; there are aws, azure-native, kubernetes, tls. Providers live in local/clouds",
  );
});
