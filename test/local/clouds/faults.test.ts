import { VirtualClock } from "../../../local/clouds/clock";
import { Cloud } from "../../../local/clouds/cloud";
import {
  BadFault,
  faultText,
  FaultyClouds,
  KINDS,
  parseFault,
  type Fault,
  type Operation,
} from "../../../local/clouds/faults";
import { Ledger } from "../../../local/clouds/ledger";
import { World } from "../../../local/clouds/world";
import { AnswerLost, type InitializationFailed } from "../../../local/protocol/provider";
import { LIBRARY, SHELF } from "./library";
import { Tenant, urn } from "./tenant";

describe("the text of a fault", () => {
  test.each<[string, Fault]>([
    ["create=error", { operation: "create", kind: "error" }],
    [
      "create aws:eks/cluster:Cluster=lost-response",
      { operation: "create", type: "aws:eks/cluster:Cluster", kind: "lost-response" },
    ],
    ["delete * east-*=timeout", { operation: "delete", type: "*", name: "east-*", kind: "timeout" }],
    ["update=throttle:3", { operation: "update", kind: "throttle", times: 3 }],
    ["#12=crash", { step: 12, kind: "crash" }],
    ["* kubernetes:*=hang", { type: "kubernetes:*", kind: "hang" }],
  ])("%s is read, and written as it was read", (text, fault) => {
    expect(parseFault(text)).toEqual(fault);
    expect(faultText(parseFault(text))).toBe(text);
  });

  test.each([
    ["create", 'has no "="'],
    ["=error", 'says where by ""'],
    [
      "creat=error",
      'has the operation "creat"; allowed: check, diff, create, read, update, delete, invoke, * for any; did you mean create?',
    ],
    [
      "create=lost-answer",
      'has the kind "lost-answer"; allowed: error, partial-create, timeout, hang, throttle, crash, stale-read, lost-response',
    ],
    ["create a b c=error", 'says where by "create a b c"'],
    ["#0=error", 'counts operations by "#0"; allowed is # and a whole number from 1'],
    ["update=throttle:many", 'throttles "many" times; allowed is a whole number from 1'],
    ["update=error:3", "gives error a number; only throttle takes one"],
    [
      "delete=partial-create",
      "asks for partial-create at delete, but only a create makes something; it can strike create",
    ],
    [
      "check=throttle:2",
      "asks for throttle at check, but a provider computes checks and diffs without asking a service",
    ],
  ])("%s is refused in one sentence", (text, message) => {
    expect(() => parseFault(text)).toThrow(BadFault);
    expect(() => parseFault(text)).toThrow(`the fault ${JSON.stringify(text)} ${message}`);
  });
});

/** A tenant of the library in whose clouds things go wrong. */
async function enter(faults: readonly Fault[]) {
  const world = new World(new Ledger());
  const met: Operation[] = [];
  const clock = new VirtualClock();
  const inner = { open: async () => new Cloud(LIBRARY, world) };
  const clouds = new FaultyClouds(inner, { faults, clock, onFault: (_, operation) => met.push(operation) });
  const open = async () => Tenant.over(await clouds.open("library"), world.ledger, { town: "Leiden" });
  return { tenant: await open(), open, clouds, clock, met };
}

async function failure(attempt: Promise<unknown>): Promise<Error> {
  return attempt.then(
    () => Promise.reject(new Error("it went well")),
    (error: Error) => error,
  );
}

const shelves = ({ ledger }: Tenant) =>
  ledger.list(SHELF).map(({ id, inputs }) => `${id} ${String(inputs.size ?? "")}`);
const create = (tenant: Tenant) => tenant.create(SHELF, "a", { name: "a", size: 1 });

describe("a create", () => {
  test.each<[Fault, string, string, string[]]>([
    [{ kind: "error" }, "ProviderError", "creating library:index:Shelf a: internal error", []],
    [
      { kind: "crash" },
      "AnswerLost",
      "the provider library has ended unexpectedly: its process is not there any more",
      [],
    ],
    [
      { kind: "lost-response" },
      "AnswerLost",
      "creating library:index:Shelf a: the connection to the provider library broke before its answer came",
      ["a 1"],
    ],
    [
      { kind: "partial-create" },
      "InitializationFailed",
      "creating library:index:Shelf a: it was created but did not become ready: its state is Failed",
      ["a 1"],
    ],
    [
      { kind: "timeout" },
      "InitializationFailed",
      "creating library:index:Shelf a: timeout while waiting: not ready after 1200 s",
      ["a 1"],
    ],
    [{ kind: "throttle", times: 1 }, "ProviderError", "creating library:index:Shelf a: too many requests", []],
  ])("under %j leaves what a cloud would have", async (fault, error, message, left) => {
    const { tenant, met, clouds } = await enter([{ operation: "create", ...fault }]);
    const failed = await failure(create(tenant));
    expect(failed.name).toBe(error);
    expect(failed.message).toBe(message);
    expect(shelves(tenant)).toEqual(left);
    expect(met).toEqual([{ operation: "create", type: SHELF, name: "a", step: 1 }]);
    expect(clouds.unmet()).toEqual([]);
  });

  test("that is half made says what there is of it", async () => {
    const { tenant } = await enter([{ kind: "partial-create" }]);
    const failed = (await failure(create(tenant))) as InitializationFailed;
    expect([failed.id, failed.properties.place, failed.inputs.size]).toEqual(["a", "Leiden/a", 1]);
  });

  test("that hangs is done and never answered, unless it has a custom timeout", async () => {
    const { tenant, clock, clouds } = await enter([{ operation: "create", kind: "hang" }]);
    const hung = await Promise.race([create(tenant), new Promise((resolve) => setTimeout(resolve, 60, "hung"))]);
    expect([hung, shelves(tenant)]).toEqual(["hung", ["a 1"]]);
    clouds.arm([{ operation: "create", kind: "hang" }]);
    const request = { urn: urn(SHELF, "b"), properties: { name: "b" }, preview: false, timeout: 90 };
    expect((await failure(tenant.provider.create(request))).message).toBe(
      "creating library:index:Shelf b: timeout while waiting: not ready after 90 s",
    );
    expect(clock.spent(urn(SHELF, "b"), "create")).toBe(90);
  });

  test("in a preview meets no fault", async () => {
    const { tenant, met } = await enter([{ operation: "create", kind: "error" }]);
    await tenant.provider.create({ urn: urn(SHELF, "a"), properties: {}, preview: true, timeout: 0 });
    expect(met).toEqual([]);
  });
});

test("throttling is survived as long as the real provider tries again, and costs virtual time", async () => {
  const clock = new VirtualClock();
  const world = new World(new Ledger());
  const inner = { open: async () => new Cloud(LIBRARY, world) };
  const clouds = new FaultyClouds(inner, { faults: [{ kind: "throttle", times: 3 }], clock });
  const tenant = await Tenant.over(await clouds.open("aws"), world.ledger, { town: "Leiden" });
  await create(tenant);
  expect(clock.spent(urn(SHELF, "a"), "create")).toBe(1 + 2 + 4);
  clouds.arm([{ operation: "create", kind: "throttle", times: 25 }]);
  expect((await failure(tenant.create(SHELF, "b", { name: "b" }))).message).toBe(
    "creating library:index:Shelf b: exceeded maximum number of attempts, 25: api error ThrottlingException: Rate exceeded",
  );
});

test("a crashed provider answers nothing more, and another instance does", async () => {
  const { tenant, open } = await enter([{ operation: "check", kind: "crash" }]);
  expect(await failure(create(tenant))).toBeInstanceOf(AnswerLost);
  expect(await failure(create(tenant))).toBeInstanceOf(AnswerLost);
  expect((await create(await open())).id).toBe("a");
});

test("a stale read shows the world from before the last change, and passes", async () => {
  const stale: Fault = { operation: "read", kind: "stale-read" };
  const { tenant, clouds } = await enter([stale]);
  const made = await create(tenant);
  const read = () => tenant.provider.read({ urn: urn(SHELF, "a"), id: "a", properties: {}, inputs: made.inputs });
  expect(await read()).toBeNull();
  expect((await read())?.properties.size).toBe(1);

  const grown = await tenant.update(made, { name: "a", size: 2 });
  clouds.arm([stale]);
  expect((await read())?.properties.size).toBe(1);
  expect((await read())?.properties.size).toBe(2);

  await tenant.delete(grown);
  clouds.arm([stale]);
  expect((await read())?.properties.size).toBe(2);
  expect(await read()).toBeNull();
});

test("a provider reads again until it sees its own change", async () => {
  const { tenant, clock } = await enter([{ operation: "create", kind: "stale-read" }]);
  expect((await create(tenant)).outputs.size).toBe(1);
  expect(clock.spent(urn(SHELF, "a"), "create")).toBe(1);
});

test("a fault strikes once, at the first operation that fits", async () => {
  const { tenant, met } = await enter([
    { name: "b*", kind: "error" },
    { step: 2, kind: "error" },
  ]);
  await create(tenant);
  await failure(tenant.create(SHELF, "b", { name: "b" }));
  await failure(tenant.create(SHELF, "c", { name: "c" }));
  await tenant.create(SHELF, "b", { name: "b" });
  expect(met.map(({ operation, name, step }) => `${operation} ${name} ${step}`)).toEqual([
    "check b undefined",
    "create c 2",
  ]);
});

test("every kind says which operations it strikes and why not the others", () => {
  for (const { strikes, because } of Object.values(KINDS)) expect(because === "").toBe(strikes.length === 7);
});
