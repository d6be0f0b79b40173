import type { MeshPlan } from "../mesh/plan";
import type { CanarySpec, Environment } from "../spec/types";
import { flaggerProvider } from "./objects";
import { planCanaries } from "./plan";

/** A controller that moves the weights of canaries, as plain data. */
export interface ControllerPlan {
  readonly tool: CanarySpec["by"];
  readonly namespace: string;
  readonly values: Readonly<Record<string, unknown>>;
  /** Custom resources of the mesh that it changes beyond what its chart allows. */
  readonly resources: readonly string[];
}

/** The controllers that each cluster needs for the canaries that it runs. */
export function planControllers(environment: Environment, mesh: MeshPlan): Record<string, ControllerPlan[]> {
  const canaries = planCanaries(environment);
  const entries = Object.keys(environment.clusters).map((cluster): [string, ControllerPlan[]] => {
    const here = canaries.filter(({ key }) => environment.workloads?.[key]?.on.includes(cluster));
    const flagger = here.find(({ by }) => by === "flagger");
    return [
      cluster,
      [
        ...(flagger === undefined ? [] : [planFlagger(flagger.prometheus, mesh)]),
        ...(here.some(({ by }) => by === "argo-rollouts") ? [planArgo(mesh)] : []),
      ],
    ];
  });
  return Object.fromEntries(entries);
}

function planFlagger(metricsServer: string, mesh: MeshPlan): ControllerPlan {
  const values = {
    meshProvider: flaggerProvider(mesh),
    metricsServer,
    leaderElection: { enabled: true, replicaCount: 2 },
  };
  return { tool: "flagger", namespace: "flagger-system", values, resources: [] };
}

const PLUGINS = "/plugins";

/** Plugins are copied from images: a download at the start would be unpinned, and the controller would need the internet. */
const GATEWAY_API = {
  name: "argoproj-labs/gatewayAPI",
  image: "ghcr.io/argoproj-labs/rollouts-plugin-trafficrouter-gatewayapi:v0.15.0",
  file: "rollouts-plugin-trafficrouter-gatewayapi",
};
const CONSUL = {
  name: "hashicorp/consul",
  image: "hashicorp/rollouts-plugin-trafficrouter-consul:0.0.1",
  file: "rollouts-plugin-trafficrouter-consul",
};

function planArgo({ translation: { mesh } }: MeshPlan): ControllerPlan {
  // Argo Rollouts knows Istio's VirtualServices itself.
  const plugin = mesh === "istio" ? undefined : mesh === "consul" ? CONSUL : GATEWAY_API;
  const mount = { name: "plugins", mountPath: PLUGINS };
  const controller = plugin && {
    initContainers: [
      {
        name: "copy-plugin",
        image: plugin.image,
        command: ["/bin/sh", "-c", `cp /bin/${plugin.file} ${PLUGINS}/`],
        volumeMounts: [mount],
      },
    ],
    trafficRouterPlugins: [{ name: plugin.name, location: `file://${PLUGINS}/${plugin.file}` }],
    volumes: [{ name: mount.name, emptyDir: {} }],
    volumeMounts: [mount],
  };
  return {
    tool: "argo-rollouts",
    namespace: "argo-rollouts",
    values: { dashboard: { enabled: false }, ...(controller && { controller }) },
    resources: mesh === "consul" ? ["serviceresolvers", "servicesplitters"] : [],
  };
}
