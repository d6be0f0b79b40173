import { Unknown } from "../../../../local/protocol/property";
import { deployment, DEPLOYMENT, named, NAMESPACE, Session, twoClusters, urn } from "./support";

const CONFIG_MAP = "core/v1:ConfigMap";
const SERVICE = "core/v1:Service";

describe("check", () => {
  test("fills in what every object has, and the default namespace where the kind lives in one", async () => {
    const east = await Session.open(twoClusters());

    expect(await east.check(CONFIG_MAP, { ...named("c"), data: null })).toEqual({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "c", namespace: "default" },
    });
    expect(await east.check("rbac.authorization.k8s.io/v1:ClusterRole", named("system:reader"))).toEqual({
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRole",
      metadata: { name: "system:reader" },
    });
  });

  test("the provider's namespace goes before the default one", async () => {
    const east = await Session.open(twoClusters(), undefined, { namespace: "shop" });

    expect(await east.check(CONFIG_MAP, named("c"))).toMatchObject({ metadata: { namespace: "shop" } });
  });

  test("an object without a name gets one from the seed, and keeps it", async () => {
    const east = await Session.open(twoClusters());
    const inputs = await east.check(CONFIG_MAP, {});

    expect(inputs.metadata).toEqual({
      name: expect.stringMatching(/^web-[0-9a-f]{8}$/),
      namespace: "default",
      annotations: { "pulumi.com/autonamed": "true" },
    });
    expect(await east.check(CONFIG_MAP, {})).toEqual(inputs);
    expect(await east.check(CONFIG_MAP, { data: { a: "b" } }, inputs)).toEqual({ ...inputs, data: { a: "b" } });
    const request = { urn: urn(CONFIG_MAP, "web"), olds: inputs, news: {}, randomSeed: new Uint8Array(32).fill(8) };
    expect((await east.provider.check(request)).inputs).toEqual(inputs);
    expect((await east.provider.check({ ...request, olds: {} })).inputs).not.toEqual(inputs);
  });

  test.each([
    [DEPLOYMENT, { ...deployment("web"), foo: 1 }, "foo", 'strict decoding error: unknown field "foo"'],
    [
      NAMESPACE,
      { ...named("shop"), spec: { finaliser: [] } },
      "spec.finaliser",
      'strict decoding error: unknown field "spec.finaliser" (did you mean "finalizers"?)',
    ],
    [
      DEPLOYMENT,
      deployment("web", "default", { containers: [{ name: "m", image: "i", envs: [] }] }),
      "spec.template.spec.containers[0].envs",
      'strict decoding error: unknown field "spec.template.spec.containers[0].envs" (did you mean "env"?)',
    ],
    [
      SERVICE,
      { ...named("web"), spec: { ports: [{ name: "http" }] } },
      "spec.ports[0].port",
      'Service "web" is invalid: spec.ports[0].port: Required value',
    ],
    [
      "batch/v1:CronJob",
      { ...named("c"), spec: { schedule: "@daily" } },
      "spec.jobTemplate",
      'CronJob.batch "c" is invalid: spec.jobTemplate: Required value',
    ],
    [
      "networking.k8s.io/v1:NetworkPolicy",
      { ...named("n"), spec: { ingress: [{ from: [{ podSelectors: {} }] }] } },
      "spec.ingress[0].from[0].podSelectors",
      'strict decoding error: unknown field "spec.ingress[0].from[0].podSelectors" (did you mean "podSelector"?)',
    ],
    [
      CONFIG_MAP,
      { ...named("c"), data: { port: 80 } },
      "data.port",
      "strict decoding error: json: cannot unmarshal number into data.port of type string",
    ],
    [
      NAMESPACE,
      named("Shop"),
      "metadata.name",
      expect.stringMatching(
        /^Namespace "Shop" is invalid: metadata.name: Invalid value: "Shop": a lowercase RFC 1123 label must/,
      ),
    ],
    [SERVICE, named("2web"), "metadata.name", expect.stringContaining("a DNS-1035 label must")],
    [
      "rbac.authorization.k8s.io/v1:ClusterRole",
      named("a", "shop"),
      "metadata.namespace",
      'ClusterRole.rbac.authorization.k8s.io "a" is invalid: metadata.namespace: Forbidden: not allowed on this type',
    ],
    [
      "apps/v1:Deploymint",
      named("d"),
      "kind",
      expect.stringContaining("the simulated clouds do not serve apps/v1/Deploymint; of its group they serve"),
    ],
    [
      CONFIG_MAP,
      { ...named("c"), kind: "Secret" },
      "kind",
      'found "Secret" in a resource of type v1/ConfigMap; expected "ConfigMap"',
    ],
  ])("%s with a mistake in %#: one failure with its place", async (type, news, property, reason) => {
    const east = await Session.open(twoClusters());

    expect(await east.failures(type, news)).toEqual([{ property, reason }]);
  });

  test("a selector that does not match its own pods is refused", async () => {
    const east = await Session.open(twoClusters());
    const mismatched = {
      ...named("web"),
      spec: {
        selector: { matchLabels: { app: "wbe" } },
        template: { metadata: { labels: { app: "web" } }, spec: { containers: [] } },
      },
    };

    expect(await east.failures(DEPLOYMENT, mismatched)).toEqual([
      {
        property: "spec.template.metadata.labels",
        reason:
          'Deployment.apps "web" is invalid: spec.template.metadata.labels: Invalid value: `selector` does not match template `labels`',
      },
    ]);
  });

  test("unknown values are right wherever they stand", async () => {
    const east = await Session.open(twoClusters());

    expect(await east.failures(DEPLOYMENT, { metadata: Unknown.value, spec: Unknown.value })).toEqual([]);
    expect(await east.failures(SERVICE, { metadata: { name: Unknown.value }, spec: { ports: Unknown.value } })).toEqual(
      [],
    );
    expect(await east.check(CONFIG_MAP, { metadata: { name: "c", namespace: Unknown.value } })).toMatchObject({
      metadata: { name: "c", namespace: Unknown.value },
    });
  });
});
