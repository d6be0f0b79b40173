import * as pulumi from "@pulumi/pulumi";

import { life, Thing } from "../lifecycle";
import type { Lifecycle } from "../lifecycle";

/** Creates, updates and deletes; values of every kind; what is not known in a preview. */
export const steps: readonly Lifecycle[] = [
  life("chain", {
    created: (provider) => {
      const a = new Thing("a", { value: "1" }, { provider });
      const b = new Thing("b", { value: a.computed }, { provider });
      const c = new Thing("c", { value: b.computed, also: a.id }, { provider });
      return { last: c.computed, fixed: "yes" };
    },
    unchanged: (provider) => {
      const a = new Thing("a", { value: "1" }, { provider });
      const b = new Thing("b", { value: a.computed }, { provider });
      const c = new Thing("c", { value: b.computed, also: a.id }, { provider });
      return { last: c.computed, fixed: "yes" };
    },
    shortened: (provider) => {
      const a = new Thing("a", { value: "2" }, { provider });
      return { first: a.computed };
    },
  }),
  life("diamond", {
    created: (provider) => {
      const top = new Thing("top", { value: "1" }, { provider });
      const left = new Thing("left", { value: top.computed }, { provider });
      const right = new Thing("right", { value: top.computed }, { provider });
      new Thing("bottom", { value: pulumi.interpolate`${left.computed}/${right.computed}` }, { provider });
    },
    updated: (provider) => {
      const top = new Thing("top", { value: "2" }, { provider });
      const left = new Thing("left", { value: top.value }, { provider });
      const right = new Thing("right", { value: top.computed }, { provider });
      new Thing("bottom", { value: pulumi.interpolate`${left.computed}/${right.computed}` }, { provider });
    },
    "without a side": (provider) => {
      const top = new Thing("top", { value: "2" }, { provider });
      const left = new Thing("left", { value: top.value }, { provider });
      new Thing("bottom", { value: left.computed }, { provider });
    },
  }),
  life("depends-on-only", {
    created: (provider) => {
      const a = new Thing("a", { value: "1" }, { provider });
      const b = new Thing("b", {}, { provider, dependsOn: a });
      new Thing("c", {}, { provider, dependsOn: [a, b] });
    },
    "other dependencies": (provider) => {
      const a = new Thing("a", { value: "1" }, { provider });
      new Thing("b", {}, { provider });
      new Thing("c", {}, { provider, dependsOn: [a] });
    },
  }),
  life("properties-come-and-go", {
    created: (provider) => void new Thing("a", { value: "1", extra: "x" }, { provider }),
    added: (provider) => void new Thing("a", { value: "1", extra: "x", more: "y" }, { provider }),
    removed: (provider) => void new Thing("a", { value: "1" }, { provider }),
  }),
  life("detailed-diff", {
    created: (provider) =>
      void new Thing("a", { detailed: true, spec: { size: 1, tags: { x: "1", y: "2" } } }, { provider }),
    updated: (provider) =>
      void new Thing("a", { detailed: true, spec: { size: 2, tags: { x: "1", z: "3" } }, new: "n" }, { provider }),
    replaced: (provider) =>
      void new Thing("a", { detailed: true, spec: { size: 2, tags: {} }, forced: { inner: "1" } }, { provider }),
    "replaced again": (provider) =>
      void new Thing("a", { detailed: true, spec: { size: 2, tags: {} }, forced: { inner: "2" } }, { provider }),
  }),
  life("diff-by-the-engine", {
    created: (provider) => void new Thing("a", { opaque: true, deep: { list: ["1", "2"], key: "k" } }, { provider }),
    unchanged: (provider) => void new Thing("a", { opaque: true, deep: { list: ["1", "2"], key: "k" } }, { provider }),
    updated: (provider) =>
      void new Thing("a", { opaque: true, deep: { list: ["1", "3", "4"], other: "o" } }, { provider }),
  }),
  life("values-of-every-kind", {
    created: (provider) => {
      const a = new Thing(
        "a",
        {
          nothing: null,
          none: undefined,
          yes: true,
          no: false,
          zero: 0,
          big: 9007199254740991,
          small: -1.5e-7,
          huge: 1e21,
          empty: "",
          emptyList: [],
          emptyMap: {},
          list: [1, "two", null, [3, [4]], { five: 5 }],
          map: { b: { c: { d: [] } }, a: null },
          text: 'naïve 日本語 🚀 <b> & \u2028 \t " \\',
          "key with spaces": "k",
          "dotted.key": { "[0]": "x" },
        },
        { provider },
      );
      return { list: [1, { a: null }], nested: { of: a.value, computed: a.computed }, nothing: null, text: "日本語" };
    },
    unchanged: (provider) => {
      new Thing("a", { nothing: null, yes: true, no: false, zero: 0, list: [1, "two", null] }, { provider });
      return { list: [], nothing: "something" };
    },
  }),
  life("outputs-change-and-go", {
    created: (provider) => {
      const a = new Thing("a", { value: "1" }, { provider });
      return { plain: "1", from: a.computed, gone: true, secret: pulumi.secret("s") };
    },
    changed: (provider) => {
      const a = new Thing("a", { value: "2" }, { provider });
      return { plain: pulumi.secret("1"), from: a.value, secret: "s", whole: a };
    },
    none: (provider) => void new Thing("a", { value: "2" }, { provider }),
  }),
  life("unknowns-chained", {
    created: (provider) => {
      const a = new Thing("a", { value: "1" }, { provider });
      const b = new Thing("b", { value: pulumi.interpolate`<${a.computed}>`, known: a.value }, { provider });
      const c = new Thing(
        "c",
        { map: { deep: [b.computed, "known"] }, known: b.id.apply((id) => id.length) },
        { provider },
      );
      return { all: pulumi.all([a.computed, b.value, c.id]).apply((parts) => parts.join(" ")) };
    },
    "first one replaced": (provider) => {
      const a = new Thing("a", { value: "1", force: "1" }, { provider });
      const b = new Thing("b", { value: pulumi.interpolate`<${a.computed}>`, known: a.value }, { provider });
      const c = new Thing(
        "c",
        { map: { deep: [b.computed, "known"] }, known: b.id.apply((id) => id.length) },
        { provider },
      );
      return { all: pulumi.all([a.computed, b.value, c.id]).apply((parts) => parts.join(" ")) };
    },
  }),
  life("defaults-of-check", {
    created: (provider) => void new Thing("a", { sized: true, force: "1" }, { provider }),
    "kept by an update": (provider) => void new Thing("a", { sized: true, force: "1", value: "2" }, { provider }),
    "stated by the program": (provider) => void new Thing("a", { sized: true, force: "1", size: "mine" }, { provider }),
    "chosen again by a replacement": (provider) => void new Thing("a", { sized: true, force: "2" }, { provider }),
  }),
  life("resource-references", {
    created: (provider) => {
      const a = new Thing("a", { value: "1" }, { provider });
      new Thing("b", { friend: a, friends: { first: [a] } }, { provider });
      return { whole: a };
    },
    "friend replaced": (provider) => {
      const a = new Thing("a", { value: "1", force: "1" }, { provider });
      new Thing("b", { friend: a, friends: { first: [a] } }, { provider });
      return { whole: a };
    },
  }),
];
