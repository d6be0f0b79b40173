import { spawn, type ChildProcess } from "node:child_process";
import { createRequire } from "node:module";
import * as path from "node:path";

import * as grpc from "@grpc/grpc-js";
import { AnalyzerClient } from "@pulumi/pulumi/proto/analyzer_grpc_pb";
import * as analyzer from "@pulumi/pulumi/proto/analyzer_pb";
import type * as emptyProto from "google-protobuf/google/protobuf/empty_pb";
import type * as structProto from "google-protobuf/google/protobuf/struct_pb";

import { evaluate, rules, UNKNOWN, type PolicyMap, type PolicyValue } from "../../policy";
import { isPolicyList, isPolicyMap } from "../../policy/value";
import {
  aksCases,
  eksCases,
  redundancyCases,
  supportCases,
  podCases,
  resourceOf,
  storageCases,
  trustCases,
  type Case,
} from "./cases";

// Pulumi's stubs accept only messages of their own copy of the library.
const fromPulumi = createRequire(require.resolve("@pulumi/pulumi"));
const { Empty } = fromPulumi("google-protobuf/google/protobuf/empty_pb") as typeof emptyProto;
const { Struct } = fromPulumi("google-protobuf/google/protobuf/struct_pb") as typeof structProto;

/** What an unknown value is on the wire. */
const UNKNOWN_ON_THE_WIRE = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

let pack: ChildProcess;
let client: AnalyzerClient;

/** Starts the pack as Pulumi does; it prints the port of its server. */
beforeAll(async () => {
  const runner = require.resolve("@pulumi/pulumi/cmd/run-policy-pack");
  const directory = path.resolve(__dirname, "../../policy/pack");
  pack = spawn(process.execPath, [runner, "127.0.0.1:1", directory], { cwd: directory });
  const port = await new Promise<string>((resolve, reject) => {
    let errors = "";
    pack.stderr?.on("data", (chunk) => (errors += String(chunk)));
    pack.stdout?.once("data", (chunk) => resolve(String(chunk).trim()));
    pack.once("exit", () => reject(new Error(errors)));
  });
  client = new AnalyzerClient(`127.0.0.1:${port}`, grpc.credentials.createInsecure());
});

afterAll(() => {
  client?.close();
  pack.removeAllListeners("exit").kill();
});

test("the pack offers every rule under its name, at its level", async () => {
  const info = await new Promise<analyzer.AnalyzerInfo>((resolve, reject) => {
    client.getAnalyzerInfo(new Empty(), (error, response) => (error ? reject(error) : resolve(response)));
  });

  expect(info.getName()).toBe("isthmus");
  expect(info.getPoliciesList().map((policy) => [policy.getName(), policy.getEnforcementlevel()])).toEqual(
    rules.map(({ name, level }) => [
      name,
      level === "mandatory" ? analyzer.EnforcementLevel.MANDATORY : analyzer.EnforcementLevel.ADVISORY,
    ]),
  );
});

test.each([...eksCases, ...redundancyCases, ...supportCases, ...aksCases, ...storageCases, ...trustCases, ...podCases])(
  "the pack and the embedded engine agree on $title",
  async (example) => {
    const expected = evaluate(resourceOf(example))
      .filter(({ outcome }) => outcome !== "pass")
      .map(({ policy, outcome, message }) => ({ policy, outcome, message }));

    expect(await analyze(example)).toEqual(expected);
  },
);

async function analyze({ type, properties }: Case) {
  const request = new analyzer.AnalyzeRequest();
  request.setType(type);
  request.setName("it");
  request.setUrn(`urn:pulumi:test::isthmus::${type}::it`);
  request.setProperties(Struct.fromJavaScript(toWireMap(properties)));
  const options = new analyzer.AnalyzerResourceOptions();
  options.setProtect(true);
  request.setOptions(options);
  const response = await new Promise<analyzer.AnalyzeResponse>((resolve, reject) => {
    client.analyze(request, (error, answer) => (error ? reject(error) : resolve(answer)));
  });
  return response.getDiagnosticsList().map((diagnostic) => {
    const skipped = `can't run policy '${diagnostic.getPolicyname()}' from policy pack 'isthmus@v0.1.0' during preview: `;
    const undetermined = diagnostic.getMessage().startsWith(skipped);
    const prefix = undetermined ? skipped : `${diagnostic.getDescription()}\n`;
    expect(diagnostic.getMessage().slice(0, prefix.length)).toBe(prefix);
    return {
      policy: diagnostic.getPolicyname(),
      outcome: undetermined ? "undetermined" : "fail",
      message: diagnostic.getMessage().slice(prefix.length),
    };
  });
}

type WireMap = { [key: string]: structProto.JavaScriptValue };

function toWireMap(map: PolicyMap): WireMap {
  return Object.fromEntries(
    Object.entries(map).flatMap(([key, value]) => (value === undefined ? [] : [[key, toWire(value)]])),
  );
}

function toWire(value: PolicyValue): structProto.JavaScriptValue {
  if (value === UNKNOWN) return UNKNOWN_ON_THE_WIRE;
  if (typeof value !== "object" || value === null) return value;
  if (isPolicyList(value)) return value.map(toWire);
  if (isPolicyMap(value)) return toWireMap(value);
  throw new Error("secrets are not part of these cases");
}
