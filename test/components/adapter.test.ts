/** Adapter mode as a platform installs it, on a simulated cluster. */
import { policyAnalyzer } from "../../cli/analyzer";
import { renderObjects } from "../../cli/render";
import { clusterRules } from "../../smi/adapter/rbac";
import { NORTH, planOf } from "../kit/environment";
import { Life, succeeded } from "../kit/life";
import { platform } from "../kit/platform";

const SPEC = {
  clusters: { north: NORTH },
  mesh: { kind: "linkerd" },
  adapter: { prometheus: "http://prometheus.monitoring:9090" },
  acknowledge: ["SMI-PATH-RAW"],
  protect: false,
};

test("the adapter comes with its kinds, runs from a ConfigMap, and leaves nothing behind", async () => {
  const life = new Life({ analyzers: [policyAnalyzer] });
  const first = succeeded(await life.up(platform(SPEC)));
  expect(first.policyViolations).toEqual([]);
  const objects = life.ledger().filter(({ id }) => id.includes("isthmus-smi") || id.includes("smi-spec.io"));
  const found = objects.map(({ type, id }) => `${type.split(":").at(-1)} ${id}`).sort();
  const { bundle } = planOf(SPEC).adapter!;

  expect(found).toEqual([
    "APIService v1alpha1.metrics.smi-spec.io",
    "ClusterRole isthmus-smi-adapter",
    "ClusterRoleBinding isthmus-smi-adapter",
    "ClusterRoleBinding isthmus-smi-adapter-delegation",
    `ConfigMap isthmus-smi/isthmus-smi-adapter-${bundle!.hash}`,
    "CustomResourceDefinition httproutegroups.specs.smi-spec.io",
    "CustomResourceDefinition tcproutes.specs.smi-spec.io",
    "CustomResourceDefinition trafficsplits.split.smi-spec.io",
    "CustomResourceDefinition traffictargets.access.smi-spec.io",
    "CustomResourceDefinition udproutes.specs.smi-spec.io",
    "Deployment isthmus-smi/isthmus-smi-adapter",
    "Namespace isthmus-smi",
    "PodDisruptionBudget isthmus-smi/isthmus-smi-adapter",
    "Role isthmus-smi/isthmus-smi-adapter",
    "RoleBinding isthmus-smi/isthmus-smi-adapter",
    "RoleBinding kube-system/isthmus-smi-adapter-delegation",
    "Secret isthmus-smi/isthmus-smi-adapter-certificate",
    "Service isthmus-smi/isthmus-smi-adapter",
    "ServiceAccount isthmus-smi/isthmus-smi-adapter",
  ]);
  const rendered = renderObjects(await life.resources(), () => "north", "a test");
  const definition = rendered.find(({ path }) => path.includes("trafficsplits"))!;
  expect(definition.path).toBe("north/10-customresourcedefinition-trafficsplits.split.smi-spec.io.yaml");
  // The authority is no secret: what is rendered can be applied.
  expect(definition.text).toMatch(/caBundle: LS0tLS1/);
  expect(rendered.map(({ path }) => path)).toContain(
    "north/30-isthmus-smi-secret-isthmus-smi-adapter-certificate.yaml.redacted",
  );

  const gone = succeeded(await life.destroy());
  expect(life.ledger()).toEqual([]);
  expect(gone).toDeleteBefore("platform-north-smi-metrics", "kubernetes:apps/v1:Deployment platform-north-smi");
});

test("its plan is the same each time, and says to the program what the environment says", () => {
  const { adapter } = planOf(SPEC);

  jest.resetModules();
  const again = jest.requireActual<typeof import("../../components/traffic/adapter-bundle")>(
    "../../components/traffic/adapter-bundle",
  );
  expect(again.bundleAdapter()).toEqual(adapter!.bundle);
  expect(adapter!.args).toEqual(
    expect.arrayContaining([
      "--mesh=linkerd",
      '--options={"acknowledge":["SMI-PATH-RAW"]}',
      `--prometheus=${SPEC.adapter.prometheus}`,
    ]),
  );
  expect(planOf({ ...SPEC, adapter: undefined }).adapter).toBeUndefined();
  const image = "registry.example/isthmus-smi-adapter:1";
  expect(planOf({ ...SPEC, adapter: { image } }).adapter).toMatchObject({ image, metrics: false });
  expect(planOf({ ...SPEC, adapter: { image } }).adapter).not.toHaveProperty("bundle");
  expect(() => planOf({ ...SPEC, adapter: { prometheus: "prometheus:9090" } })).toThrow(
    'adapter.prometheus: found "prometheus:9090", allowed: a URL such as "http://prometheus.monitoring:9090"',
  );
});

test("it may do what it does, and no more", () => {
  const without = clusterRules("istio", false);

  expect(JSON.stringify(without)).not.toMatch(/"\*"|secrets|configmaps|roles/);
  expect(
    without
      .filter(({ verbs }) => verbs.includes("delete"))
      .map(({ apiGroups, resources }) => [...apiGroups, ...resources]),
  ).toEqual([
    ["networking.istio.io", "virtualservices"],
    ["security.istio.io", "authorizationpolicies"],
  ]);
  expect(
    without.filter(({ apiGroups: [group] }) => group?.endsWith("smi-spec.io")).map(({ verbs }) => verbs.join()),
  ).toEqual(["list,watch", "list,watch", "list,watch", "patch", "patch", "patch"]);
});
