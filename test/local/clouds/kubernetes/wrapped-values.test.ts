import {
  containsSecret,
  containsUnknown,
  isPropertyMap,
  Secret,
  Unknown,
  type PropertyMap,
  type PropertyValue,
} from "../../../../local/protocol/property";
import { deployment, DEPLOYMENT, EKS_ARN, named, NAMESPACE, release, RELEASE, Session, twoClusters } from "./support";

const SECRET = "core/v1:Secret";
const SERVICE = "core/v1:Service";

describe("whatever is unknown or secret", () => {
  const samples: [string, PropertyMap][] = [
    [DEPLOYMENT, deployment("web", "default", { serviceAccountName: "default" })],
    [SERVICE, { ...named("web"), spec: { type: "LoadBalancer", ports: [{ port: 80 }] } }],
    [SECRET, { ...named("s"), data: { a: "YQ==" }, stringData: { b: "c" } }],
    [
      "rbac.authorization.k8s.io/v1:RoleBinding",
      { ...named("b"), roleRef: { kind: "Role", name: "a" }, subjects: [{ kind: "User", name: "u" }] },
    ],
    [
      "apiextensions.k8s.io/v1:CustomResourceDefinition",
      {
        ...named("ws.example.com"),
        spec: {
          group: "example.com",
          names: { kind: "W", plural: "ws" },
          scope: "Namespaced",
          versions: [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema: { type: "object" } } }],
        },
      },
    ],
    [
      RELEASE,
      release("linkerd-control-plane", {
        values: { identityTrustAnchorsPEM: "a", identity: { issuer: { tls: { crtPEM: "c", keyPEM: "k" } } } },
      }),
    ],
  ];

  test.each(samples)("%s: any part may be unknown in a preview", async (type, sample) => {
    const east = await Session.open(twoClusters());
    for (const news of variants(sample, () => Unknown.value)) {
      expect(await east.failures(type, news)).toEqual([]);
      expect(containsUnknown(await east.preview(type, news))).toBe(true);
      expect((await east.diff(type, sample, news)).changes).toBe("some");
    }
  });

  test.each(samples)(
    "%s: any part may be secret, and stays it in the ledger and in the outputs",
    async (type, sample) => {
      for (const news of variants(sample, (value) => new Secret(value))) {
        const east = await Session.open(twoClusters());
        await east.create(NAMESPACE, named("linkerd"));
        await east.create(RELEASE, release("linkerd-crds"));
        await east.create(
          RELEASE,
          release("oci://docker.io/envoyproxy/gateway-crds-helm", {
            values: { crds: { gatewayAPI: { enabled: true } } },
          }),
        );
        const { id, inputs, properties } = await east.create(type, news);
        const entry = east.ledger.get(`kubernetes:${type}`, id, EKS_ARN);

        for (const map of [inputs, properties, entry?.inputs, entry?.outputs]) expect(containsSecret(map)).toBe(true);
        expect((await east.diff(type, sample, news)).changes).toBe("none");
      }
    },
  );

  /** The map with each of its parts replaced in turn, from the whole of a property down to each leaf. */
  function* variants(map: PropertyMap, replace: (value: PropertyValue) => PropertyValue): Generator<PropertyMap> {
    for (const [key, value] of Object.entries(map)) {
      yield { ...map, [key]: replace(value) };
      for (const inner of inside(value, replace)) yield { ...map, [key]: inner };
    }
  }

  function* inside(value: PropertyValue, replace: (value: PropertyValue) => PropertyValue): Generator<PropertyValue> {
    if (isPropertyMap(value)) yield* variants(value, replace);
    if (!Array.isArray(value)) return;
    const items = value as readonly PropertyValue[];
    for (const [index, item] of items.entries()) {
      for (const changed of [replace(item), ...inside(item, replace)]) yield items.with(index, changed);
    }
  }
});
