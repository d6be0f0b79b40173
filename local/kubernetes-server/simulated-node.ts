import { digest } from "../clouds/identity";
import { PATCHES, type Client, type KubernetesObject } from "./client";

const NODE = "isthmus-simulated";

/** Parts of a Pod or a Service that are read here. */
interface Watched extends KubernetesObject {
  readonly spec?: {
    readonly nodeName?: string;
    readonly restartPolicy?: string;
    readonly type?: string;
    readonly containers?: readonly { readonly name: string; readonly image: string }[];
  };
  readonly status?: { readonly phase?: string; readonly loadBalancer?: { readonly ingress?: readonly unknown[] } };
}

/**
 * What a control plane lacks so that workloads come up: one node that takes every pod at once and says of each container that it
 * runs, and of those of Jobs that they are done; and a cloud that gives every load balancer an address. No image is pulled, and
 * nothing runs or listens.
 */
export class SimulatedNode {
  private readonly stops: (() => void)[] = [];

  private constructor(private readonly client: Client) {}

  static async start(client: Client): Promise<SimulatedNode> {
    const node = new SimulatedNode(client);
    await node.register();
    node.stops.push(
      client.watch("/api/v1/pods", (pod, isGone) => {
        if (!isGone) void node.run(pod).catch(() => {});
      }),
      client.watch("/api/v1/services", (service, isGone) => {
        if (!isGone) void node.expose(service).catch(() => {});
      }),
    );
    return node;
  }

  stop(): void {
    for (const stop of this.stops) stop();
  }

  private async register(): Promise<void> {
    const labels = { "kubernetes.io/hostname": NODE, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64" };
    await this.client.request("POST", "/api/v1/nodes", { metadata: { name: NODE, labels } });
    // The API server taints every new node, and takes the taint off when a controller has seen it ready.
    await this.client.request("PATCH", `/api/v1/nodes/${NODE}`, { spec: { taints: null } }, PATCHES.merge);
    const room = { cpu: "64", memory: "256Gi", pods: "1000" };
    const conditions = [{ type: "Ready", status: "True", reason: "Simulated" }];
    const status = { capacity: room, allocatable: room, conditions };
    await this.client.request("PATCH", `/api/v1/nodes/${NODE}/status`, { status }, PATCHES.merge);
  }

  private async run(pod: Watched): Promise<void> {
    const { name = "", namespace = "", deletionTimestamp, uid = "" } = pod.metadata ?? {};
    const path = `/api/v1/namespaces/${namespace}/pods/${name}`;
    if (deletionTimestamp !== undefined) {
      await this.client.request("DELETE", path, { gracePeriodSeconds: 0, preconditions: { uid } });
      return;
    }
    if (pod.status?.phase !== "Pending") return;
    if (pod.spec?.nodeName === undefined) {
      const target = { apiVersion: "v1", kind: "Node", name: NODE };
      await this.client.request("POST", `${path}/binding`, { metadata: { name, namespace }, target });
      // The binding changes the pod, and the watch tells of that.
      return;
    }
    if (pod.spec.nodeName === NODE) await this.client.request("PATCH", `${path}/status`, statusOf(pod), PATCHES.merge);
  }

  private async expose(service: Watched): Promise<void> {
    if (service.spec?.type !== "LoadBalancer" || (service.status?.loadBalancer?.ingress?.length ?? 0) > 0) return;
    const { name = "", namespace = "" } = service.metadata ?? {};
    const hostname = `${digest([namespace, name], 16)}.elb.invalid`;
    const status = { loadBalancer: { ingress: [{ hostname }] } };
    await this.client.request(
      "PATCH",
      `/api/v1/namespaces/${namespace}/services/${name}/status`,
      { status },
      PATCHES.merge,
    );
  }
}

function statusOf({ spec, metadata }: Watched): object {
  const ends = spec?.restartPolicy === "Never" || spec?.restartPolicy === "OnFailure";
  const now = new Date().toISOString();
  const state = ends
    ? { terminated: { exitCode: 0, reason: "Completed", startedAt: now, finishedAt: now } }
    : { running: { startedAt: now } };
  const address = Number.parseInt(digest([metadata?.uid ?? ""], 4), 16);
  return {
    status: {
      phase: ends ? "Succeeded" : "Running",
      startTime: now,
      podIP: `10.244.${address >> 8}.${address & 255}`,
      podIPs: [{ ip: `10.244.${address >> 8}.${address & 255}` }],
      conditions: ["PodScheduled", "Initialized", "ContainersReady", "Ready"].map((type) => ({
        type,
        status: ends && type.endsWith("Ready") ? "False" : "True",
        lastTransitionTime: now,
      })),
      containerStatuses: (spec?.containers ?? []).map(({ name, image }) => ({
        name,
        image,
        imageID: image,
        ready: !ends,
        started: !ends,
        restartCount: 0,
        state,
      })),
    },
  };
}
