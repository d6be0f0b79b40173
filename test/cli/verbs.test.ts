/** What the verbs refuse, and what they do besides the story: see story.test.ts. */
import { connect } from "../../local/protocol/client";
import { Checkout } from "../kit/checkout";

jest.setTimeout(60_000);

const checkout = new Checkout();

afterAll(() => checkout.remove());

test("an environment with real accounts renders offline", () => {
  const { code, stdout } = checkout.isthmus("render", "--env", "prod", "--out", "out", "--json");
  const { files } = JSON.parse(stdout) as { files: string[] };

  expect(code).toBe(0);
  expect(new Set(files.map((file) => file.split("/")[0]))).toEqual(new Set(["east", "north"]));
  expect(files).toContain("east/helm/linkerd-control-plane.values.yaml");
  expect(files).toContain("north/30-linkerd-secret-linkerd-identity-issuer.yaml.redacted");
  expect(checkout.read("out/east/00-namespace-shop.yaml")).toBe(
    `# Rendered from the environment "prod" on simulated clouds: ids that a cloud assigns are simulated.
apiVersion: v1
kind: Namespace
metadata:
  annotations:
    linkerd.io/inject: enabled
  labels:
    app.kubernetes.io/part-of: isthmus-prod
    pod-security.kubernetes.io/enforce: privileged
  name: shop
`,
  );
});

test("serve prints one line for the real CLI, serves every cloud, and runs until it is interrupted", async () => {
  const served = await checkout.serve("serve");
  try {
    expect(served.line).toMatch(/^export PULUMI_DEBUG_PROVIDERS=aws:\d+,azure-native:\d+,kubernetes:\d+,tls:\d+\n$/);
    const port = Number(/aws:(\d+)/.exec(served.line)![1]);
    const aws = await connect(port);
    const urn = "urn:pulumi:local::isthmus::pulumi:providers:aws::aws";
    const { failures } = await aws.checkConfig({ urn, olds: {}, news: { region: "us-east-1", regoin: "us-east-1" } });
    await aws.close();
    expect(failures.map(({ reason }) => reason)).toEqual([expect.stringContaining("regoin")]);
  } finally {
    expect(await served.interrupt()).toBe(0);
  }
});

test("a mistake in the spec is one error without a stack trace, and changes nothing", () => {
  checkout.edit("stacks/local.ts", 'cidr: "10.20.0.0/14"', 'cidr: "10.16.0.0/14"');
  checkout.edit("Pulumi.local.yaml", "isthmus:azureTenantId", "isthmus:azureTenntId");
  checkout.edit("examples/shop/access.yaml", 'matches: ["products"]', 'matches: ["product"]');
  checkout.edit("stacks/local.ts", "protect: false,", "protect: false,\n  ...({ buckts: {} } as object),");

  const { code, stdout } = checkout.isthmus("up");

  expect(code).toBe(1);
  expect(stdout.slice(stdout.indexOf("error:"), stdout.indexOf(" + pulumi.Stack")).trimEnd().split("\n")).toEqual([
    'error: the environment "local" has 5 problems; nothing was changed:',
    '  1. buckts: found "buckts", allowed: one of access, acknowledge, adapter, buckets, clusters, mesh, network, protect, rollouts, smi, splits, waivers, workloads. Did you mean "buckets"?',
    '  2. config isthmus:azureTenntId: found "azureTenntId", allowed: one of awsDeployerRoleArn, azureAdminGroupObjectIds, azureSubscriptionId, azureTenantId, namePrefix. Did you mean "azureTenantId"?',
    '  3. clusters.north.cidr: found "10.16.0.0/14", allowed: a block that does not overlap with clusters.east.cidr (10.16.0.0/14). Pods of both clusters must be able to reach each other: give each cluster its own block.',
    "  4. config isthmus:azureTenantId: missing, allowed: the GUID of the Entra tenant. Set it: pulumi config set isthmus:azureTenantId <value>.",
    '  5. examples/shop/access.yaml#1 TrafficTarget shop/web-to-catalog spec.rules[1].matches[0] (line 17): SMI-REF: found the match "product", in shop/catalog there are: products. Did you mean "products"?',
  ]);
  expect(stdout).not.toMatch(/^\s+at /m);
  expect(stdout).not.toContain("What was done is saved");
});

const HELP = "Run isthmus --help for the verbs.\n";

test.each([
  [["preview", "--jsn"], 2, `error: unknown option '--jsn'\n(Did you mean --json?)\n${HELP}`],
  [["upp"], 2, `error: unknown command 'upp'\n(Did you mean up?)\n${HELP}`],
  [["render"], 2, `error: required option '--out <folder>' not specified\n${HELP}`],
  [
    ["render", "--out", "x", "--env", "prd"],
    1,
    'error: there is no Pulumi.prd.yaml in FOLDER: "prd" is not a stack of this project.\n',
  ],
  [
    ["render", "--out", ".", "--env", "local"],
    1,
    "error: FOLDER is not empty and no rendering made it. Name an empty or a new folder with --out.\n",
  ],
  [
    ["report", "nowhere.json"],
    1,
    "error: cannot read nowhere.json: ENOENT: no such file or directory, open 'nowhere.json'. Name files that a preview with --json wrote.\n",
  ],
])("isthmus %j is refused with exit code %d and one message", (args, code, message) => {
  const outcome = checkout.isthmus(...args);

  expect(outcome.code).toBe(code);
  expect(outcome.stderr).toBe(message.replace("FOLDER", checkout.directory));
});
