import type { PropertyMap } from "../../../protocol/property";
import { valueAt } from "../../paths";
import type { Kind } from "../kinds";
import { listAt, mapAt } from "../values";

/** Kinds whose pods a controller makes at once. A CronJob's come later, and nobody waits for them. */
const WORKLOADS: readonly string[] = ["apps/DaemonSet", "apps/Deployment", "apps/StatefulSet", "batch/Job"];

export function isWorkload({ group, kind }: Kind): boolean {
  return WORKLOADS.includes(`${group}/${kind}`);
}

/** The pods that an object stands for: what each is like, and how many there are. */
export interface Pods {
  readonly pod: PropertyMap;
  readonly count: number;
}

/** The pods of a workload, or of the object itself when it is a pod; undefined for any other kind. */
export function podsOf(kind: Kind, object: PropertyMap): Pods | undefined {
  if (kind.group === "" && kind.kind === "Pod") return { pod: withDefaults(object), count: 1 };
  if (!isWorkload(kind)) return undefined;
  const template = mapAt(object, "spec.template");
  const wanted = valueAt(object, kind.kind === "Job" ? "spec.parallelism" : "spec.replicas");
  // How many nodes a DaemonSet runs on, nobody knows here.
  const count = kind.kind === "DaemonSet" || typeof wanted !== "number" ? 1 : wanted;
  return { pod: withDefaults({ apiVersion: "v1", kind: "Pod", ...template }), count };
}

/** What the API server fills in before admission looks, as far as policies are known to read it. */
function withDefaults(pod: PropertyMap): PropertyMap {
  const spec = mapAt(pod, "spec");
  const containers = listAt(spec, "containers").map((container) => ({
    terminationMessagePath: "/dev/termination-log",
    terminationMessagePolicy: "File",
    resources: {},
    ...mapAt({ container }, "container"),
  }));
  return {
    ...pod,
    spec: {
      dnsPolicy: "ClusterFirst",
      restartPolicy: "Always",
      schedulerName: "default-scheduler",
      securityContext: {},
      terminationGracePeriodSeconds: 30,
      ...spec,
      ...(containers.length > 0 ? { containers } : {}),
    },
  };
}

/** An object as admission sees it: with the defaults of its pods. */
export function defaulted(kind: Kind, object: PropertyMap): PropertyMap {
  const pods = podsOf(kind, object);
  if (pods === undefined) return object;
  if (!isWorkload(kind)) return pods.pod;
  const { apiVersion: _, kind: __, ...template } = pods.pod;
  return { ...object, spec: { ...mapAt(object, "spec"), template } };
}
