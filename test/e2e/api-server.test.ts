import { setTimeout as sleep } from "node:timers/promises";

import { builtInKind, kindOfToken, pluralOf } from "../../local/clouds/kubernetes/kinds";
import { ControlPlane, PATCHES, type Answer, type KubernetesObject } from "../../local/kubernetes-server";
import type { PropertyMap } from "../../local/protocol/property";
import { askSimulated, type Said } from "../local/clouds/kubernetes/ask";
import type { Case, Given } from "../local/clouds/kubernetes/case-objects";
import { CASES } from "../local/clouds/kubernetes/cases";
import { outcomeOf, reasonOf } from "../local/clouds/kubernetes/outcomes";

/** Milliseconds until policies, webhooks and quotas that were just made hold. */
const PATIENCE = 20_000;
const POLL = 250;

let cluster: ControlPlane;
const real = new Map<string, Said>();

beforeAll(async () => {
  cluster = await ControlPlane.start();
  await Promise.all(CASES.map(async (one, index) => real.set(one.name, await askReal(one, `case-${index}`))));
}, 240_000);
afterAll(() => cluster.stop());

test.each(CASES.map((one, index) => [one.name, one, `case-${index}`] as const))("%s", async (name, one, namespace) => {
  const [said, simulated] = [real.get(name)!, await askSimulated(one, namespace)];

  expect(said.refused === undefined ? "accepted" : outcomeOf(said.refused)).toBe(one.outcome);
  expect(said.pods === undefined ? undefined : outcomeOf(said.pods)).toBe(one.pods);
  // Where the simulated one claims to speak as the real one does, it must.
  expect(reasonOf(simulated.refused ?? simulated.pods ?? "")).toBe(reasonOf(said.refused ?? said.pods ?? ""));
});

/** Asks the real API server, as pulumi-kubernetes does: creates are plain, updates are server-side applies. */
async function askReal(
  { given, labels = {}, edited, asked, operation, outcome, pods }: Case,
  namespace: string,
): Promise<Said> {
  await ok(cluster.client.request("POST", "/api/v1/namespaces", { metadata: { name: namespace, labels } }));
  await until(async () => (await get(`/api/v1/namespaces/${namespace}/serviceaccounts/default`)).status === 200);
  for (const one of given?.(namespace) ?? []) await ok(create(one));
  const wanted = asked(namespace);
  if (edited !== undefined) await ok(edit(wanted, edited));

  // What was given may hold only after a while.
  if (operation === "create" && outcome !== "accepted") await until(async () => isFinal(await create(wanted, true)));
  if (pods !== undefined) await until(async () => isFinal(await create(podOf(wanted), true)));
  const { status, body } = await (operation === "create" ? create(wanted) : apply(wanted));
  if (status >= 300) return { refused: String(body.message) };
  return pods === undefined ? {} : { pods: await podFailure(namespace) };
}

function isFinal({ status, body }: Answer): boolean {
  return status >= 300 && !String(body.message).includes("status unknown for quota");
}

function create(given: Given, dryRun = false): Promise<Answer> {
  const query = `fieldManager=pulumi-kubernetes&fieldValidation=Strict${dryRun ? "&dryRun=All" : ""}`;
  return cluster.client.request("POST", `${collectionOf(given)}?${query}`, body(given));
}

/** The provider takes what it once created over to the manager with which it applies. */
async function apply(given: Given): Promise<Answer> {
  const path = `${collectionOf(given)}/${nameOf(given)}`;
  const { metadata } = (await get(path)).body as { readonly metadata: { readonly managedFields: PropertyMap[] } };
  const managedFields = metadata.managedFields.map((entry) =>
    entry.manager === "pulumi-kubernetes" ? { ...entry, manager: "pulumi-kubernetes-1", operation: "Apply" } : entry,
  );
  const patch = [{ op: "replace", path: "/metadata/managedFields", value: managedFields }];
  await ok(cluster.client.request("PATCH", path, patch, PATCHES.json));
  return cluster.client.apply(path, body(given), "pulumi-kubernetes-1");
}

function edit(given: Given, changes: Readonly<Record<string, number | string>>): Promise<Answer> {
  const merged = Object.entries(changes).map(([path, value]) =>
    path.split(".").reduceRight<unknown>((inner, step) => ({ [step]: inner }), value),
  );
  const path = `${collectionOf(given)}/${nameOf(given)}?fieldManager=kubectl-edit`;
  return cluster.client.request("PATCH", path, Object.assign({}, ...merged), PATCHES.merge);
}

function podOf({ object }: Given): Given {
  const { metadata, spec } = (object.spec as PropertyMap).template as PropertyMap;
  const { namespace } = object.metadata as PropertyMap;
  return {
    type: "core/v1:Pod",
    object: { metadata: { ...(metadata as PropertyMap), name: "try", namespace }, spec } as PropertyMap,
  };
}

/** Why a Deployment's pods are refused. */
async function podFailure(namespace: string): Promise<string> {
  let message = "";
  await until(async () => {
    const { items } = (await get(`/apis/apps/v1/namespaces/${namespace}/replicasets`)).body as {
      readonly items: readonly { readonly status: { readonly conditions?: readonly { readonly message: string }[] } }[];
    };
    message = items[0]?.status.conditions?.[0]?.message ?? "";
    return message !== "";
  });
  return message;
}

function body({ type, object }: Given): KubernetesObject {
  const [module = "", kind = ""] = type.split(":");
  return { apiVersion: module.replace(/^core\//, ""), kind, ...object } as KubernetesObject;
}

function collectionOf({ type, object }: Given): string {
  const kind = kindOfToken(`kubernetes:${type}`);
  const served = builtInKind(kind);
  const root = kind.group === "" ? "/api" : `/apis/${kind.group}`;
  const { namespace } = object.metadata as PropertyMap;
  const within = served?.namespaced === false ? "" : `namespaces/${String(namespace)}/`;
  return `${root}/${kind.version}/${within}${served?.plural ?? pluralOf(kind.kind)}`;
}

function nameOf({ object }: Given): string {
  return String((object.metadata as PropertyMap).name);
}

function get(path: string): Promise<Answer> {
  return cluster.client.request("GET", path);
}

async function ok(asked: Promise<Answer>): Promise<void> {
  const { status, body: answer } = await asked;
  if (status >= 300) throw new Error(String(answer.message));
}

/** Waits until it is so; for ever it does not wait, and the test that needs it says what is missing. */
async function until(holds: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + PATIENCE; Date.now() < deadline; await sleep(POLL)) if (await holds()) return;
}
