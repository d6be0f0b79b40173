/** `isthmus smi` as a user types it: what it prints where, and its exit codes. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

import { parseAllDocuments } from "yaml";

import { main } from "../../cli/main";
import { readSmi, translateLinkerd } from "../../smi";
import { readFacts } from "../../smi/manifests";
import { Checkout, type Outcome } from "../kit/checkout";

jest.setTimeout(60_000);

const checkout = new Checkout();
const home = process.cwd();

beforeAll(() => process.chdir(checkout.directory));
afterAll(() => {
  process.chdir(home);
  checkout.remove();
});

/** Runs a verb in this process: what is about the process itself (standard input, environments) runs in one of its own. */
async function isthmus(...args: string[]): Promise<Outcome> {
  const printed = { stdout: "", stderr: "" };
  const spies = (["stdout", "stderr"] as const).map((name) =>
    jest.spyOn(process[name], "write").mockImplementation((text) => {
      printed[name] += String(text);
      return true;
    }),
  );
  try {
    await main(["node", "isthmus", ...args]);
    return { code: Number(process.exitCode), ...printed };
  } finally {
    process.exitCode = undefined;
    spies.forEach((spy) => spy.mockRestore());
  }
}

const WORKLOADS = `apiVersion: v1
kind: List
items:
  - apiVersion: apps/v1
    kind: Deployment
    metadata: {name: checkout, namespace: shop}
    spec:
      selector: {matchLabels: {app: checkout}}
      template:
        metadata: {labels: {app: checkout, "on": "yes"}}
        spec:
          serviceAccountName: checkout
          containers:
            - name: app
              ports: [{name: http, containerPort: 8080}]
              readinessProbe: {httpGet: {path: /healthz, port: http}}
  - apiVersion: v1
    kind: Service
    metadata: {name: checkout, namespace: shop}
    spec: {selector: {app: checkout}, ports: [{name: http, port: 80, targetPort: http}]}
  - {apiVersion: v1, kind: ServiceAccount, metadata: {name: web, namespace: shop}}
`;

const rules = (
  match = "pathRegex: /cart, methods: [GET]",
  source = "web",
): string => `apiVersion: specs.smi-spec.io/v1alpha4
kind: HTTPRouteGroup
metadata: {name: cart, namespace: shop}
spec: {matches: [{name: cart, ${match}}]}
---
apiVersion: access.smi-spec.io/v1alpha3
kind: TrafficTarget
metadata: {name: cart, namespace: shop}
spec:
  destination: {kind: ServiceAccount, name: checkout, namespace: shop}
  rules: [{kind: HTTPRouteGroup, name: cart}]
  sources: [{kind: ServiceAccount, name: ${source}, namespace: shop}]
`;

checkout.write("one/20-workloads.yaml", WORKLOADS);
checkout.write("one/10-rules.yaml", rules());
checkout.write("one/notes.txt", "not YAML: [");
checkout.write("two/rules.yml", rules('pathRegex: "/(cart|orders)$", methods: [GET]'));
checkout.write("broken.yaml", rules("pathRegex: /cart").replace("name: cart}]", "name: crt}]"));

const RAW =
  "warning SMI-PATH-RAW Linkerd, 1 port with rules for paths: Linkerd compares paths as they are sent, so /cart/../admin passes a rule for /cart. Servers must refuse such paths, or serve them as written; then acknowledge SMI-PATH-RAW.\n";

describe("translate", () => {
  test("the files of a folder become the objects of the translator, as YAML that kubectl reads", async () => {
    const { code, stdout, stderr } = await isthmus("smi", "translate", "--mesh", "linkerd", "-f", "one");

    const read = readSmi([
      { path: "rules.yaml", text: rules() },
      { path: "workloads.yaml", text: WORKLOADS },
    ]);
    const { objects } = translateLinkerd(read.documents, readFacts(read.others).facts);
    expect({ code, stderr }).toEqual({ code: 0, stderr: RAW });
    expect(parseAllDocuments(stdout).map((document): unknown => document.toJS())).toEqual(objects);
    expect(objects).toHaveLength(7);
    expect(
      stdout.endsWith(`---
apiVersion: policy.linkerd.io/v1beta3
kind: Server
metadata:
  name: checkout-8080
  namespace: shop
spec:
  accessPolicy: deny
  podSelector:
    matchLabels:
      app: checkout
  port: 8080
  proxyProtocol: HTTP/1
`),
    ).toBe(true);
  });

  test("standard input and files in another order give the same bytes", async () => {
    const folder = await isthmus("smi", "translate", "--mesh", "linkerd", "-f", "one", "--acknowledge", "SMI-PATH-RAW");
    const piped = checkout.isthmusReading(
      rules(),
      "smi",
      "translate",
      "--mesh",
      "linkerd",
      "-f",
      "one/20-workloads.yaml",
      "-f",
      "-",
    );

    expect(folder.stderr).toBe("");
    expect(piped.stdout).toBe(folder.stdout);
    expect(piped.stderr).toBe(RAW);
  });

  test("--json prints objects and problems in one document", async () => {
    const { code, stdout } = await isthmus("smi", "translate", "--mesh", "linkerd", "-f", "one", "--json");
    const { objects, problems } = JSON.parse(stdout) as { objects: unknown[]; problems: { code: string }[] };

    expect(code).toBe(0);
    expect(objects).toHaveLength(7);
    expect(problems.map((problem) => problem.code)).toEqual(["SMI-PATH-RAW"]);
  });

  test("text that YAML 1.1 would take for something else is quoted", async () => {
    const text = WORKLOADS.replace("matchLabels: {app: checkout}", 'matchLabels: {app: checkout, "on": "yes"}');
    const { stdout } = checkout.isthmusReading(
      `${rules()}---\n${text}`,
      "smi",
      "translate",
      "--mesh",
      "linkerd",
      "-f",
      "-",
    );

    expect(stdout).toContain('      app: checkout\n      "on": "yes"\n');
  });

  test("one refusal leaves standard output empty, and says its place and what to do", async () => {
    const { code, stdout, stderr } = await isthmus(
      "smi",
      "translate",
      "--mesh",
      "linkerd",
      "-f",
      "broken.yaml",
      "-f",
      "one/20-workloads.yaml",
      "--json",
    );

    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toBe(
      'error SMI-REF broken.yaml#2 TrafficTarget shop/cart spec.rules[0] (line 11): found HTTPRouteGroup "crt", in namespace "shop" there are: cart. Did you mean "cart"?\n' +
        "nothing was translated for linkerd: 1 error. Correct the files and run the command again.\n",
    );
  });

  test("rules alone are refused with the way to the missing facts, which an environment has too", async () => {
    const alone = await isthmus("smi", "translate", "--mesh", "linkerd", "-f", "examples/shop");
    const helped = checkout.isthmus("smi", "translate", "--mesh", "linkerd", "-f", "examples/shop", "--env", "local");

    expect({ code: alone.code, stdout: alone.stdout }).toEqual({ code: 2, stdout: "" });
    expect(alone.stderr).toMatch(
      /No workload is among the files: name the manifests of Deployments and Services with another -f, or an environment that has them with --env\.\n$/,
    );
    expect({ code: helped.code, stderr: helped.stderr }).toEqual({ code: 0, stderr: "" });
    expect(helped.stdout).toContain("name: catalog-8080-products\n");
  });
});

test("an environment that is none is one message with its place", () => {
  checkout.write("stacks/seven.ts", "export default 7;\n");
  const { code, stdout, stderr } = checkout.isthmus("smi", "check", "--env", "seven");

  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toContain("1. the default export: found 7, allowed: an object");
});

test("a reader that has seen enough is no failure", () => {
  const command = `"${process.execPath}" cli/isthmus.js smi translate --mesh linkerd -f one --acknowledge SMI-PATH-RAW`;
  const { stderr } = spawnSync("sh", ["-c", `${command} | true`], { encoding: "utf8" });

  expect(stderr).toBe("");
});

test("without --mesh, an environment's own mesh is taken, translated for as it does itself", () => {
  const spec = readFileSync("stacks/local.ts", "utf8");
  const mesh = 'istio({ mode: "sidecar", escapedSlashes: "decode" })';
  const changed = spec
    .replace(/linkerd\b/g, "istio")
    .replace("istio()", mesh)
    .replace(/\n *acknowledge: .*/, "");
  checkout.write("stacks/sidecars.ts", changed);
  const translated = checkout.isthmus("smi", "translate", "-f", "examples/shop", "--env", "sidecars");
  const asked = checkout.isthmus(
    ...["smi", "explain", "--from", "web", "--to", "checkout", "--path", "/orders", "--method", "POST"],
    ...["--env", "sidecars"],
  );

  // The environment lets proxies decode paths, which settles SMI-PATH-RAW.
  expect({ code: translated.code, stderr: translated.stderr }).toEqual({ code: 0, stderr: "" });
  expect(translated.stdout).toContain("kind: AuthorizationPolicy\n");
  expect(asked.stdout).toMatch(/\n {2}istio: AuthorizationPolicy shop\/web-to-checkout-[0-9a-f]+\n/);
});

describe("check", () => {
  test("the environment's own rules, for one mesh", async () => {
    const { code, stdout, stderr } = checkout.isthmus("smi", "check", "--mesh", "linkerd");

    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: "linkerd  19 objects\n", stderr: "" });
  });

  test("every mesh says what it would refuse", async () => {
    const { code, stdout, stderr } = await isthmus("smi", "check", "-f", "one");

    expect(code).toBe(2);
    expect(stdout).toMatch(/^linkerd +7 objects, 1 warning$/m);
    expect(stdout).toMatch(/^gateway-api +refused: 1 error$/m);
    expect(stderr).toContain(`linkerd: ${RAW}`);
    expect(stderr).toMatch(/^gateway-api: error SMI-/m);
  });

  test("problems of reading come before any mesh, and as JSON too", async () => {
    const { code, stdout } = checkout.isthmusReading(
      rules().replace("rules:", "rulez:"),
      "smi",
      "check",
      "-f",
      "-",
      "--json",
    );
    const { problems, meshes } = JSON.parse(stdout) as {
      problems: { code: string; where: string; line: number }[];
      meshes: object;
    };

    expect(code).toBe(2);
    expect(meshes).toEqual({});
    expect(problems[0]).toMatchObject({
      code: "SMI-UNKNOWN-FIELD",
      where: "standard input#2 TrafficTarget shop/cart spec.rulez",
      line: 11,
    });
  });
});

describe("explain", () => {
  const ask = (...args: string[]) => isthmus("smi", "explain", "--from", "shop/web", "--to", "shop/checkout", ...args);

  test("allowed: the rule with its place, and the mesh's objects", async () => {
    const { code, stdout, stderr } = await ask("--path", "/cart/7?q=1", "-f", "one");

    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toBe(`allowed: GET /cart/7 from shop/web to shop/checkout, port 8080
  by TrafficTarget shop/cart (one/10-rules.yaml#2, line 6), match cart of HTTPRouteGroup cart (one/10-rules.yaml#1, line 4)
  linkerd: Server shop/checkout-8080, AuthorizationPolicy shop/checkout-8080-cart, HTTPRoute shop/checkout-8080-cart, MeshTLSAuthentication shop/checkout-8080-cart
`);
  });

  test("in ambient mode: the waypoint, and the policies before and behind it", async () => {
    checkout.write(
      "ambient.yaml",
      WORKLOADS.replace(
        "{name: checkout, namespace: shop}\n    spec: {selector",
        "{name: checkout, namespace: shop, labels: {istio.io/use-waypoint: waypoint}}\n    spec: {selector",
      ),
    );
    checkout.write("rules.yaml", rules());
    const files = ["-f", "ambient.yaml", "-f", "rules.yaml", "--mesh", "istio-ambient"];
    const [allowed, denied] = [await ask("--path", "/cart", ...files), await ask("--path", "/", ...files)];

    expect(allowed.stdout).toContain(
      "  istio-ambient: AuthorizationPolicy shop/cart, AuthorizationPolicy shop/checkout-from-waypoint, Gateway shop/waypoint\n",
    );
    const unlabelled = await ask("--path", "/cart", "-f", "one", "--mesh", "istio-ambient");
    expect(unlabelled.stdout).toContain("  istio-ambient denies it all the same: ");
    expect(unlabelled.stderr).toContain(
      "needs the label istio.io/use-waypoint: waypoint on the Services checkout; until then their requests do not pass",
    );
    expect([allowed.stderr, denied.stderr]).toEqual(["", ""]);
    expect(denied.stdout).toContain(
      "  istio-ambient: not admitted by AuthorizationPolicy shop/cart, AuthorizationPolicy shop/checkout-from-waypoint\n",
    );
  });

  test("denied: what each rule would have allowed", async () => {
    const { code, stdout } = await ask("--path", "/", "--method", "post", "-f", "one");

    expect(code).toBe(1);
    expect(stdout).toBe(`denied: POST / from shop/web to shop/checkout, port 8080
  no rule allows it:
  TrafficTarget shop/cart (one/10-rules.yaml#2, line 6): match cart of cart: found the path "/", allowed: what starts with /cart; found the method POST, allowed: GET
  linkerd: not admitted by Server shop/checkout-8080
`);
  });

  test("a caller may be named by its identity, of this mesh or of another", async () => {
    const binding = (name: string, schemes: string): string =>
      `apiVersion: access.smi-spec.io/v1alpha4\nkind: IdentityBinding\nmetadata: {name: ${name}, namespace: shop}\nspec: {schemes: {${schemes}}}\n---\n`;
    const target = rules()
      .replace("v1alpha3", "v1alpha4")
      .replace("kind: ServiceAccount, name: checkout", "kind: IdentityBinding, name: checkout")
      .replace("sources: [", "sources: [{kind: IdentityBinding, name: far, namespace: shop}, ");
    const far = "other.example/ns/a/sa/b";
    checkout.write(
      "far.yaml",
      binding("checkout", "serviceAccount: checkout") +
        binding("far", `spiffeIdentities: ["spiffe://${far}"]`) +
        target,
    );
    const from = (identity: string) =>
      isthmus(
        ...["smi", "explain", "--from", identity, "--to", "shop/checkout", "--path", "/cart", "--mesh", "istio"],
        ...["-f", "far.yaml", "-f", "one/20-workloads.yaml"],
      );

    expect((await from(`spiffe://${far}`)).stdout).toMatch(
      /^allowed: GET \/cart from spiffe:\/\/other\.example\/ns\/a\/sa\/b to [^]*\n {2}istio: AuthorizationPolicy shop\/cart\n$/,
    );
    expect((await from("spiffe://cluster.local/ns/shop/sa/web")).stdout).toContain(
      "allowed: GET /cart from shop/web to ",
    );
    expect((await from("spiffe://other.example/ns/a/sa/c")).code).toBe(1);
    expect((await from("spiffe://*/ns/a/sa/b")).stderr).toContain(
      '--from: found "spiffe://*/ns/a/sa/b", allowed: spiffe://',
    );
  });

  test("a probe's path, which the mesh leaves open, is not passed over", async () => {
    const { code, stdout } = await ask("--path", "/healthz", "-f", "one");

    expect(code).toBe(1);
    expect(stdout).toContain("linkerd lets it pass all the same, as a probe of the kubelet's");
  });

  test("the environment's rules, typed ones by their place in the spec", async () => {
    const { code, stdout } = checkout.isthmus(
      "smi",
      "explain",
      "--from",
      "web",
      "--to",
      "checkout",
      "--path",
      "/orders",
      "--method",
      "POST",
      "--json",
    );
    const { allowed, by } = JSON.parse(stdout) as { allowed: boolean; by: { target: { file: string } }[] };

    expect({ code, allowed, files: by.map(({ target }) => target.file) }).toEqual({
      code: 0,
      allowed: true,
      files: ["access[0]"],
    });
  });

  test("a datagram and a connection are judged by the routes that are for them, and no mesh carries the former", async () => {
    const udp = `${rules()}---
apiVersion: specs.smi-spec.io/v1alpha4
kind: UDPRoute
metadata: {name: dns, namespace: shop}
spec: {matches: {ports: [53]}}
`.replace("name: cart}]\n  sources", "name: cart}, {kind: UDPRoute, name: dns}]\n  sources");
    checkout.write("udp.yaml", udp);
    const files = ["-f", "udp.yaml", "-f", "one/20-workloads.yaml"];
    const [datagram, other, connection] = [
      await ask("--protocol", "udp", ...files),
      await ask("--protocol", "udp", "--port", "54", ...files),
      await ask("--protocol", "tcp", "-f", "one"),
    ];

    expect(datagram).toEqual({
      code: 0,
      stderr: "",
      stdout: `allowed: a UDP datagram from shop/web to shop/checkout, port 53
  by TrafficTarget shop/cart (udp.yaml#2, line 6), UDPRoute dns (udp.yaml#3, line 14)
  linkerd: UDP does not pass through it, so it enforces nothing; use a NetworkPolicy
`,
    });
    expect(other.code).toBe(1);
    expect(other.stdout).toContain(": found port 54, allowed: 53\n");
    expect(connection.code).toBe(1);
    expect(connection.stdout).toContain(": found a connection without a request, allowed: requests of cart\n");
    expect(connection.stdout).toContain("  linkerd: not admitted by Server shop/checkout-8080\n");
  });

  test.each([
    [
      ["--to", "shop/chekout"],
      '--to: found "shop/chekout", known destinations: shop/checkout. Did you mean "shop/checkout"?',
    ],
    [["--port", "80"], '--port: found "80", container ports of shop/checkout: 8080.'],
    [["--path", "cart"], '--path: found "cart", allowed: a path, which starts with a slash.'],
    [["--header", "x"], '--header: found "x", allowed: name=value.'],
    [
      ["--header", "x=1", "--header", "X=2"],
      '--header: found "x" twice, allowed: once, with its values joined by commas.',
    ],
    [["-f", "broken.yaml", "--mesh", "linkerd"], "SMI-DUPLICATE"],
  ])("%j cannot be told", async (args, message) => {
    const { code, stdout, stderr } = await ask("-f", "one", ...args);

    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(message);
  });
});

describe("diff", () => {
  test("one request stands for each kind that becomes allowed or denied", async () => {
    const { code, stdout, stderr } = await isthmus("smi", "diff", "one", "two");

    expect({ code, stderr }).toEqual({ code: 1, stderr: "" });
    expect(stdout).toBe(
      "+ allowed  GET /orders from shop/web to shop/checkout, port 8080; by TrafficTarget shop/cart (two/rules.yml#2, line 6), match cart of HTTPRouteGroup cart (two/rules.yml#1, line 4)\n" +
        "- denied   GET /carta from shop/web to shop/checkout, port 8080; was allowed by TrafficTarget shop/cart (one/10-rules.yaml#2, line 6), match cart of HTTPRouteGroup cart (one/10-rules.yaml#1, line 4)\n",
    );
  });

  test("another way to write the same rules is no difference", async () => {
    checkout.write("same.yaml", rules('pathRegex: "/ca(r)t.*", methods: [GET]'));
    const { code, stdout } = await isthmus("smi", "diff", "one", "same.yaml", "-f", "one/20-workloads.yaml");

    expect({ code, stdout }).toEqual({ code: 0, stdout: "no request becomes allowed or denied\n" });
  });

  test("a version that cannot be read is refused", async () => {
    checkout.write("unread.yaml", rules("pathRegex: 7, methods: [GET]"));
    const { code, stdout, stderr } = await isthmus("smi", "diff", "one", "unread.yaml");

    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(/^error SMI-FIELD unread\.yaml#1 .*\nnothing was compared: 1 error/);
  });
});

test.each([
  [["translate", "--mesh", "linkerd"], "no file is named"],
  [
    ["translate", "-f", "one"],
    "--mesh is missing. Name the mesh whose objects are printed (linkerd, istio, istio-ambient, consul, gateway-api), or with --env an environment, whose own mesh is taken.",
  ],
  [
    ["translate", "--mesh", "linkrd", "-f", "one"],
    "Allowed choices are linkerd, istio, istio-ambient, consul, gateway-api",
  ],
  [["translate", "--mesh", "linkerd", "-f", "nowhere"], 'there is no file or folder "nowhere".'],
  [["translate", "--mesh", "linkerd", "-f", "one/20-workloads.yaml"], "there is no SMI document in these files."],
  [["check", "-f", "one", "--trust-domain", "*"], 'Allowed is a DNS name such as "cluster.local".'],
  [["check", "-f", "one", "-n", "*"], 'Allowed is lower-case letters, digits and "-", at most 63.'],
  [["check", "-f", "one", "--acknowledge", "SMI-REF"], "SMI-REF is an error, and only warnings can be accepted"],
  [["check", "-f", "one", "--acknowledge", "SMI-PATH-RAV"], 'Did you mean "SMI-PATH-RAW"?'],
  [["check", "--env", "nowhere"], "there is no stacks/nowhere.ts"],
  [["explain", "--to", "shop/web"], "required option '--from <account>' not specified"],
])("isthmus smi %j is refused with exit code 2, one message, and no output", async (args, message) => {
  const { code, stdout, stderr } = await isthmus("smi", ...args);

  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toContain(message);
  expect(stderr).not.toMatch(/^\s+at /m);
});
