import * as pulumi from "@pulumi/pulumi";

import { previewDigest, toPulumiEvent } from "../../../local/engine";
import { urnName } from "../../../local/protocol/urn";
import { Life, Thing } from "./toy";
import type { Body } from "./toy";

interface Line {
  readonly [kind: string]:
    { readonly metadata?: { readonly op: string; readonly urn: string; readonly keys?: string[] } } | number;
}

function told(life: Life): string[] {
  return life.events.map((event, index) => {
    const line = toPulumiEvent(event, index) as Line;
    const [kind = "", payload] = Object.entries(line).find(([key]) => key.endsWith("Event")) ?? [];
    if (typeof payload !== "object" || payload.metadata === undefined) return kind;
    return `${kind} ${payload.metadata.op} ${urnName(payload.metadata.urn)}`;
  });
}

const program =
  (force: string): Body =>
  (provider) => {
    new Thing("a", { force }, { provider });
    return { done: "yes" };
  };

test("a run is told as Pulumi tells it, the stack's outputs last", async () => {
  const life = new Life();
  await life.up(program("1"));
  await life.up(program("2"));
  expect(told(life)).toEqual([
    "preludeEvent",
    "resourcePreEvent same test-local",
    "resourcePreEvent same toys",
    "resOutputsEvent same toys",
    "resourcePreEvent create-replacement a",
    "resOutputsEvent create-replacement a",
    "resourcePreEvent replace a",
    "resOutputsEvent replace a",
    "resourcePreEvent delete-replaced a",
    "resOutputsEvent delete-replaced a",
    "resOutputsEvent same test-local",
    "summaryEvent",
  ]);
});

test("a failed step is told with its diagnostic, and the summary says so", async () => {
  const life = new Life();
  life.cloud.faults = { "create:a": new Error("no") };
  await life.up(program("1"));
  expect(told(life).filter((line) => / a$|diagnostic/.test(line))).toEqual([
    "resourcePreEvent create a",
    "resOpFailedEvent create a",
    "diagnosticEvent",
  ]);
  expect(toPulumiEvent(life.events.at(-1) ?? { kind: "prelude", config: {} })).toEqual({
    sequence: 0,
    timestamp: 0,
    summaryEvent: {
      maybeCorrupt: false,
      durationSeconds: 0,
      resourceChanges: { create: 2 },
      PolicyPacks: {},
      isPreview: false,
      result: "failed",
    },
  });
});

test("the digest of a preview has the reasons of every change, and secret configuration hidden", async () => {
  const life = new Life();
  await life.up(program("1"));
  const result = await life.preview(program("2"));
  const digest = previewDigest(result, {
    config: { "test:open": "x", "test:key": "y" },
    secretConfigKeys: ["test:key"],
  });
  expect(digest.config).toEqual({ "test:key": "[secret]", "test:open": "x" });
  expect(digest.changeSummary).toEqual({ replace: 1, same: 2 });
  expect(digest.steps.map(({ op, urn }) => `${op} ${urnName(urn)}`)).toEqual([
    "same test-local",
    "create-replacement a",
    "replace a",
    "delete-replaced a",
  ]);
  const { oldState, newState, ...step } = digest.steps[2] ?? {};
  expect(step).toMatchObject({
    diffReasons: ["force"],
    replaceReasons: ["force"],
    detailedDiff: null,
  });
  expect(oldState).toMatchObject({ id: "a-1", inputs: { force: "1" } });
  expect(newState).toMatchObject({ inputs: { force: "2" } });
});

test("a secret is hidden wherever else its text stands", async () => {
  const life = new Life();
  const result = await life.up((provider) => {
    new Thing("a", { key: pulumi.secret("opensesame"), command: "run --key opensesame" }, { provider });
  });
  const created = previewDigest(result).steps.find(({ urn }) => urn.endsWith("::a"));
  expect(created?.newState?.inputs).toMatchObject({ key: "[secret]", command: "run --key [secret]" });
});
