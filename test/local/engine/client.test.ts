import { serveClouds } from "../../../local/clouds/server";
import type { ServedClouds } from "../../../local/clouds/server";
import { connect } from "../../../local/protocol/client";
import { Secret, Unknown } from "../../../local/protocol/property";
import { InitializationFailed, ProviderError } from "../../../local/protocol/provider";
import { ToyCloud } from "./toy";

const URN = "urn:pulumi:local::test::toy:index:Thing::a";
let cloud: ToyCloud;
let served: ServedClouds;
beforeEach(async () => {
  cloud = new ToyCloud();
  served = await serveClouds(cloud, ["toy"]);
});
afterEach(() => served.close());

test("a provider behind gRPC answers like the one in this process, with secrets and unknowns", async () => {
  const provider = await connect(served.ports.toy ?? 0);
  await provider.configure({ region: "north" });
  const news = { name: "n", value: new Secret("hush"), later: Unknown.value, nothing: null };
  expect(await provider.check({ urn: URN, olds: {}, news })).toEqual({ inputs: news, failures: [] });
  const made = await provider.create({
    urn: URN,
    properties: { value: new Secret("hush") },
    preview: false,
    timeout: 7,
  });
  expect(made).toEqual({
    id: "a-1",
    properties: { value: new Secret("hush"), computed: "computed of a-1", region: "north" },
  });
  expect(cloud.requestsOf("create", "a")).toEqual([
    { urn: URN, properties: { value: new Secret("hush") }, preview: false, timeout: 7 },
  ]);
  expect(
    await provider.diff({
      urn: URN,
      id: "a-1",
      olds: {},
      oldInputs: { force: "1" },
      news: { force: "2" },
      ignoreChanges: [],
    }),
  ).toMatchObject({
    changes: "some",
    diffs: ["force"],
    replaces: ["force"],
    deleteBeforeReplace: false,
  });
  expect(await provider.read({ urn: URN, id: "gone", properties: {}, inputs: {} })).toBeNull();
  await provider.delete({ urn: URN, id: "a-1", properties: {}, oldInputs: {}, timeout: 0 });
  expect(cloud.names()).toEqual([]);
  await provider.close();
});

test("errors keep their text, and a half-made resource its id and its reasons", async () => {
  const provider = await connect(served.ports.toy ?? 0);
  await provider.configure({});
  cloud.faults = { "delete:a": new ProviderError("in use by b") };
  const gone = provider.delete({ urn: URN, id: "a-1", properties: {}, oldInputs: {}, timeout: 0 });
  await expect(gone).rejects.toThrow(/^in use by b$/);
  cloud.faults = { "create:a": new InitializationFailed("a-9", { value: "half" }, {}, ["not ready"]) };
  const failed = await provider
    .create({ urn: URN, properties: {}, preview: false, timeout: 0 })
    .catch((error: unknown) => error);
  expect(failed).toMatchObject({
    name: "InitializationFailed",
    id: "a-9",
    properties: { value: "half" },
    reasons: ["not ready"],
  });
  await provider.close();
});
