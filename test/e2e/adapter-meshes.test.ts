/** Every mesh on a real API server with its own CRDs: what its translator makes is taken, and an adapter keeps it true. */
import * as fc from "fast-check";

import { hasErrors, type KubernetesObject, MESHES } from "../../smi";
import { apiVersionOf, type Resource } from "../../smi/adapter/api";
import { MESH_RESOURCES } from "../../smi/adapter/resources";
import { MESH_NAMES, type MeshName } from "../../smi/mesh-names";
import { worlds } from "../smi/oracle/worlds";
import { AdapterCluster, installedCrds } from "./adapter/cluster";
import type { AdapterProcess } from "./adapter/process";
import { application, routeGroup, tcpRoute, trafficSplit, trafficTarget } from "./adapter/shop";

let cluster: AdapterCluster;
let adapter: AdapterProcess | undefined;
const namespaces = new Set(["default"]);

beforeAll(async () => {
  cluster = await AdapterCluster.start(...MESH_NAMES);
}, 180_000);
afterAll(async () => {
  await adapter?.kill();
  await cluster?.stop();
});

async function ensureNamespace(name: string): Promise<void> {
  if (namespaces.has(name)) return;
  namespaces.add(name);
  await cluster.request("POST", "/api/v1/namespaces", { metadata: { name } });
}

/** CRDs without which a mesh's objects cannot be written. */
const NEEDS: Readonly<Record<MeshName, readonly string[]>> = {
  linkerd: ["linkerd", "gateway-api"],
  istio: ["istio"],
  "istio-ambient": ["istio", "gateway-api"],
  consul: ["consul"],
  "gateway-api": ["gateway-api"],
};

/** Says loudly what is not shown where a mesh's own CRDs could not be had; its test is not there then, and none passes for it. */
function hasCrds(mesh: MeshName): boolean {
  const missing = NEEDS[mesh].filter((name) => !installedCrds().includes(name));
  if (missing.length > 0) {
    process.stderr.write(`\n*** NOT SHOWN for ${mesh}: the CRDs of ${missing.join(", ")} are not installed ***\n`);
  }
  return missing.length === 0;
}

/** What a mesh's translator makes of generated worlds, and its default deny, each once. */
function everythingOf(mesh: MeshName): KubernetesObject[] {
  const { translate, allows, defaultDeny } = MESHES[mesh];
  const deny = defaultDeny();
  const objects = typeof deny === "string" ? [] : [...deny];
  for (const { documents, facts } of fc.sample(worlds(0), { numRuns: 120, seed: 7 })) {
    const own = allows ? documents : documents.filter(({ kind }) => kind !== "TrafficTarget");
    const { objects: made, problems } = translate(own, facts, { widen: true });
    if (!hasErrors(problems)) objects.push(...made);
  }
  return [...new Map(objects.map((object) => [JSON.stringify(object), object])).values()];
}

/** Kinds of default denies that no translation has. */
const PEER_AUTHENTICATION: Resource = {
  group: "security.istio.io",
  version: "v1",
  kind: "PeerAuthentication",
  plural: "peerauthentications",
};

function collectionOf(mesh: MeshName, { apiVersion, kind, metadata }: KubernetesObject): string {
  const known = [...MESH_RESOURCES[mesh], PEER_AUTHENTICATION];
  const found = known.find((each) => each.kind === kind && apiVersionOf(each) === apiVersion);
  return `/apis/${apiVersion}/namespaces/${metadata.namespace}/${found!.plural}`;
}

describe.each(MESH_NAMES)("on %s", (mesh) => {
  if (hasCrds(mesh))
    test("the API server takes all that the translator makes, with strict validation", async () => {
      const objects = everythingOf(mesh);
      const refused: unknown[] = [];
      for (const object of objects) {
        await ensureNamespace(object.metadata.namespace);
        const path = `${collectionOf(mesh, object)}/${object.metadata.name}`;
        const query = "fieldManager=strict&fieldValidation=Strict&dryRun=All&force=true";
        const type = "application/apply-patch+yaml";
        const { status, body } = await cluster.control.client.request("PATCH", `${path}?${query}`, object, type);
        if (status > 299) refused.push([body.message, object]);
      }
      process.stderr.write(`\n${mesh}: ${objects.length} objects, ${refused.length} refused\n`);
      expect(refused).toEqual([]);
      expect(objects.length).toBeGreaterThan(20);
    });

  test("the adapter makes them, within its rights, and takes them back", async () => {
    const here = `on-${mesh}`;
    // Consul's names are one space over all namespaces.
    const [web, checkout] = [`${mesh}-web`, `${mesh}-checkout`];
    await ensureNamespace(here);
    const access = [tcpRoute(here, checkout), trafficTarget(here, "calls", checkout, web)];
    const rules = [
      routeGroup(here, checkout),
      trafficSplit(here, checkout, [90, 10]),
      ...(MESHES[mesh].allows ? access : []),
    ];
    const creations = [...application(here, web), ...application(here, checkout), ...rules];
    for (const [path, object] of creations) await cluster.request("POST", path, object);
    adapter = await cluster.launch(mesh).ready();

    for (const [path, { kind, metadata }] of rules.filter(
      ([, { kind }]) => kind === "TrafficTarget" || kind === "TrafficSplit",
    )) {
      await cluster.eventually(async () => {
        const { status } = await cluster.request("GET", `${path}/${metadata!.name}`);
        const { conditions } = status as { conditions: { type: string; status: string; message: string }[] };
        return [kind, ...conditions.map((each) => (each.status === "True" ? each.type : each.message))];
      }, [kind, "Accepted", "Programmed"]);
    }
    const made = async () =>
      Promise.all(
        MESH_RESOURCES[mesh].map(async ({ group, version, plural }) => [
          plural,
          (await cluster.names(`/apis/${group}/${version}/namespaces/${here}/${plural}`)).length,
        ]),
      );
    expect((await made()).filter(([, count]) => Number(count) > 0).length).toBeGreaterThan(0);
    const none = MESH_RESOURCES[mesh].map(({ plural }) => [plural, 0]);
    for (const [path] of rules) await cluster.request("DELETE", path);
    await cluster.eventually(made, none);
    expect(adapter.log).not.toMatch(/forbidden/i);
    await adapter.end();
  }, 60_000);
});
