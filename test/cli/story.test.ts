/** The newcomer's story, as a user types it, in a checkout with an empty home and no Pulumi CLI. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { Checkout, typesIn } from "../kit/checkout";

jest.setTimeout(120_000);

let checkout: Checkout;

beforeEach(() => {
  checkout = new Checkout();
});

afterEach(() => {
  checkout.remove();
});

const REPORTS_NORTH = 'reports: { namespace: "shop", on: ["north"]';
const REPORTS_EAST = 'reports: { namespace: "shop", on: ["east"]';

/** The texts of all files below a folder of the checkout. */
function filesIn(folder: string): string[] {
  const entries = readdirSync(join(checkout.directory, folder), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), "utf8"));
}

/** Neither the keys of the mesh nor the kubeconfigs. */
function expectNoSecret(texts: readonly string[]): void {
  expect(texts.length).toBeGreaterThan(50);
  for (const text of texts) {
    expect(text).not.toContain("PRIVATE KEY");
    expect(text).not.toContain("get-token");
  }
}

test("up, export, import, preview, one word, up, drift, refresh, destroy", () => {
  const first = checkout.isthmus("up");
  expect(first).toMatchObject({ code: 0, stderr: "" });
  expect(first.stdout).toMatch(/^up: \d+ created, in /m);
  expect(first.stdout).toContain("east: EKS isthmus-local-east in us-east-1, Kubernetes 1.34");
  expect(first.stdout).toContain("shop/web -> shop/catalog: GET /products on port 8080");
  expect(first.stdout).toContain("shop/checkout: checkout-v1 90, checkout-v2 10");
  expect(first.stdout).toMatch(/orders: s3:\/\/\S+ -> https:\/\/\S+, at most 15 minutes old, moved by east/);
  expect(first.stdout).toMatch(/On the real clouds this would take about \d+m/);
  expect(first.stdout).toContain("eks.Cluster platform-east");
  expect(first.stdout).toContain(".isthmus/local/rendered");

  const exported = checkout.isthmus("export");
  expect(typesIn(exported.stdout)).toEqual(checkout.ledgerTypes());

  writeFileSync(join(checkout.directory, "exported.json"), exported.stdout);
  const imported = checkout.isthmus("import", "exported.json");
  expect(imported).toMatchObject({ code: 0, stderr: "" });
  expect(imported.stdout).toMatch(/^\d+ resources are now the state of the local environment/);

  const second = checkout.isthmus("preview", "--json");
  const { changeSummary } = JSON.parse(second.stdout) as { changeSummary: object };
  expect(Object.keys(changeSummary)).toEqual(["same"]);
  expectNoSecret([first.stdout, exported.stdout, second.stdout, ...filesIn(".isthmus")]);

  checkout.edit("stacks/local.ts", REPORTS_NORTH, REPORTS_EAST);
  const moved = JSON.parse(checkout.isthmus("up", "--json").stdout) as { result: string; changeSummary: object };
  expect(moved).toMatchObject({ result: "succeeded", changeSummary: { create: 4, update: 2, delete: 5 } });

  const cluster = ["aws:eks/cluster:Cluster", "platform-east"];
  expect(checkout.isthmus("local", "edit", ...cluster, 'version="1.35"')).toMatchObject({ code: 0, stderr: "" });
  const refreshed = checkout.isthmus("refresh");
  expect(refreshed).toMatchObject({ code: 0, stderr: "" });
  expect(refreshed.stdout).toMatch(/^refreshed: 1 changed behind the state's back, 0 gone, \d+ as they were$/m);

  const gone = checkout.isthmus("destroy");
  expect(gone.stdout).toMatch(/^destroyed: \d+ deleted$/m);
  expect(typesIn(checkout.isthmus("export").stdout)).toEqual([]);
  expect(checkout.ledgerTypes()).toEqual([]);
});
