import { cluster, definition, gatewayCrds, named, release, RELEASE, urn } from "./support";

const SERVER = "policy.linkerd.io/v1beta3:Server";
const HTTP_ROUTE = "gateway.networking.k8s.io/v1:HTTPRoute";
const CRD = "apiextensions.k8s.io/v1:CustomResourceDefinition";

describe("custom resources", () => {
  test("need their definition on the cluster, though not in a preview", async () => {
    const east = await cluster();

    await expect(east.create(SERVER, named("web"))).rejects.toThrow(
      `creation of resource "${urn(SERVER, "web")}" with kind policy.linkerd.io/v1beta3/Server failed because the Kubernetes API server ` +
        "reported that the apiVersion for this resource does not exist. Verify that any required CRDs have been created: " +
        'no matches for kind "Server" in version "policy.linkerd.io/v1beta3"',
    );
    expect(await east.preview(SERVER, named("web"))).toMatchObject({ metadata: { name: "web", namespace: "default" } });

    await east.create(RELEASE, release("linkerd-crds"));
    expect((await east.create(SERVER, named("web"))).id).toBe("default/web");
  });

  test("a version that the definition does not serve does not exist", async () => {
    const east = await cluster();
    await east.create(CRD, definition());

    expect((await east.create("example.com/v1:Widget", named("w"))).id).toBe("default/w");
    await expect(east.create("example.com/v2:Widget", named("w"))).rejects.toThrow(
      'no matches for kind "Widget" in version "example.com/v2"',
    );
  });

  test("one object has one name, whatever version it is written in", async () => {
    const east = await cluster();
    await east.create(RELEASE, release("linkerd-crds"));
    await east.create(SERVER, named("web"));

    await expect(east.create("policy.linkerd.io/v1beta1:Server", named("web"))).rejects.toThrow(
      'servers.policy.linkerd.io "web" already exists',
    );
  });

  test("go with their definition, and with the release that brought it", async () => {
    const east = await cluster();
    await east.create(CRD, definition());
    await east.create(RELEASE, release("linkerd-crds"));
    await east.create("example.com/v1:Widget", named("w"));
    await east.create(SERVER, named("web"));

    await east.delete(CRD, "widgets.example.com");
    expect(east.objects()).toEqual([
      "core/v1:Namespace linkerd",
      "helm.sh/v3:Release linkerd/linkerd-crds",
      `${SERVER} default/web`,
    ]);
    await east.delete(RELEASE, "linkerd/linkerd-crds");
    expect(east.objects()).toEqual(["core/v1:Namespace linkerd"]);
  });

  test("a definition is named after its plural and group", async () => {
    const east = await cluster();
    const news = { ...definition(), ...named("widget.example.com") };

    expect(await east.failures(CRD, news)).toEqual([
      {
        property: "metadata.name",
        reason:
          'CustomResourceDefinition.apiextensions.k8s.io "widget.example.com" is invalid: metadata.name: Invalid value: "widget.example.com": must be spec.names.plural+"."+spec.group',
      },
    ]);
  });

  test("the scope of well-known kinds is known before their definition is there", async () => {
    const east = await cluster();

    expect(await east.check("gateway.networking.k8s.io/v1:GatewayClass", named("g"))).toMatchObject({
      metadata: { name: "g" },
    });
    expect(await east.check(HTTP_ROUTE, named("r"))).toMatchObject({ metadata: { namespace: "default" } });
  });
});

describe("one owner for each definition", () => {
  test("another release is refused in Helm's words", async () => {
    const east = await cluster();
    await east.create(RELEASE, gatewayCrds());

    await expect(
      east.create(RELEASE, release("linkerd-crds", { values: { installGatewayAPI: true } })),
    ).rejects.toThrow(
      'Unable to continue with install: CustomResourceDefinition "grpcroutes.gateway.networking.k8s.io" in namespace "" exists and ' +
        "cannot be imported into the current release: invalid ownership metadata; annotation validation error: " +
        'key "meta.helm.sh/release-name" must equal "linkerd-crds": current value is "gateway-crds-helm"',
    );
    expect((await east.create(RELEASE, release("linkerd-crds"))).id).toBe("linkerd/linkerd-crds");
  });

  test("a definition that nobody's release made is not taken over, nor is a release's definition", async () => {
    const east = await cluster();
    await east.create(CRD, definition("httproutes.gateway.networking.k8s.io", "HTTPRoute"));

    await expect(east.create(RELEASE, gatewayCrds())).rejects.toThrow(
      'invalid ownership metadata; label validation error: missing key "app.kubernetes.io/managed-by": must be set to "Helm"; ' +
        'annotation validation error: missing key "meta.helm.sh/release-name": must be set to "gateway-crds-helm"; ' +
        'annotation validation error: missing key "meta.helm.sh/release-namespace": must be set to "linkerd"',
    );
    await east.create(RELEASE, release("linkerd-crds"));
    await expect(east.create(CRD, definition("servers.policy.linkerd.io", "Server"))).rejects.toThrow(
      'customresourcedefinitions.apiextensions.k8s.io "servers.policy.linkerd.io" already exists',
    );
  });
});
