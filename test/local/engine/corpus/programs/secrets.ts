import * as pulumi from "@pulumi/pulumi";

import { life, Thing } from "../lifecycle";
import type { Lifecycle } from "../lifecycle";

/** Secrets on their way from inputs to outputs, and as they come and go. */
export const secrets: readonly Lifecycle[] = [
  life("secret-inputs", {
    created: (provider) => {
      const a = new Thing("a", { value: pulumi.secret("hush"), open: "seen" }, { provider });
      const b = new Thing("b", { value: a.value, mixed: pulumi.interpolate`${a.value}/${a.computed}` }, { provider });
      return { value: b.value, computed: b.computed };
    },
    changed: (provider) => {
      const a = new Thing("a", { value: pulumi.secret("hushed"), open: "seen" }, { provider });
      const b = new Thing("b", { value: a.value, mixed: pulumi.interpolate`${a.value}/${a.computed}` }, { provider });
      return { value: b.value, computed: b.computed };
    },
  }),
  life("secret-turned-plain-and-back", {
    plain: (provider) => void new Thing("a", { value: "x" }, { provider }),
    secret: (provider) => void new Thing("a", { value: pulumi.secret("x") }, { provider }),
    "secret and changed": (provider) => void new Thing("a", { value: pulumi.secret("y") }, { provider }),
    "plain again": (provider) => void new Thing("a", { value: "y" }, { provider }),
  }),
  life("secret-turned-plain-without-diff", {
    plain: (provider) => void new Thing("a", { opaque: true, value: "x" }, { provider }),
    secret: (provider) => void new Thing("a", { opaque: true, value: pulumi.secret("x") }, { provider }),
    "plain again": (provider) => void new Thing("a", { opaque: true, value: "x" }, { provider }),
  }),
  life("secret-nested", {
    created: (provider) => {
      const a = new Thing(
        "a",
        { map: { key: pulumi.secret("k"), list: ["1", pulumi.secret({ deep: "2" })] } },
        { provider },
      );
      return { map: pulumi.output({ inner: pulumi.secret(1), outer: a.computed }) };
    },
    changed: (provider) =>
      void new Thing(
        "a",
        { map: { key: pulumi.secret("k2"), list: ["1", pulumi.secret({ deep: "2" })] } },
        { provider },
      ),
    ignored: (provider) =>
      void new Thing("a", { map: { key: pulumi.secret("k3"), list: ["1"] } }, { provider, ignoreChanges: ["map"] }),
  }),
  life("additional-secret-outputs", {
    plain: (provider) => {
      const a = new Thing("a", { value: "1" }, { provider });
      new Thing("b", { value: a.computed }, { provider });
      return { computed: a.computed };
    },
    secret: (provider) => {
      const a = new Thing("a", { value: "1" }, { provider, additionalSecretOutputs: ["computed", "nothing"] });
      new Thing("b", { value: a.computed }, { provider });
      return { computed: a.computed };
    },
    "secret and updated": (provider) => {
      const a = new Thing("a", { value: "2" }, { provider, additionalSecretOutputs: ["computed", "value"] });
      new Thing("b", { value: a.computed }, { provider });
      return { computed: a.computed };
    },
    "plain again": (provider) => {
      const a = new Thing("a", { value: "2" }, { provider });
      new Thing("b", { value: a.computed }, { provider });
      return { computed: a.computed };
    },
  }),
  life("secret-of-the-provider", {
    created: (provider) => {
      const a = new Thing("a", { issue: true, token: pulumi.output(undefined) }, { provider });
      return { all: a.computed };
    },
    updated: (provider) => void new Thing("a", { issue: true, value: "1" }, { provider }),
  }),
  life("secret-forces-replacement", {
    created: (provider) => {
      const a = new Thing("a", { forceKey: pulumi.secret("1") }, { provider });
      new Thing("b", { forceDep: pulumi.secret(a.computed) }, { provider });
    },
    replaced: (provider) => {
      const a = new Thing("a", { forceKey: pulumi.secret("2") }, { provider });
      new Thing("b", { forceDep: pulumi.secret(a.computed) }, { provider });
    },
    "plain, not replaced": (provider) => {
      const a = new Thing("a", { forceKey: "2" }, { provider });
      new Thing("b", { forceDep: a.computed }, { provider });
    },
  }),
];
