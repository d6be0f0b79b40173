import { MESH_NAMES, type MeshName } from "../../smi/mesh-names";
import type { MeshOptions } from "../../smi/meshes";
import type { ProblemCode } from "../../smi/problem";
import { listed } from "../../smi/reader/suggest";
import { UserError } from "../user-error";
import type { Rules } from "./rules";

/** A mesh, and how rules are translated for it. */
export interface ChosenMesh {
  readonly mesh: MeshName;
  readonly options: MeshOptions;
  /** Warnings that are accepted. */
  readonly acknowledge: readonly ProblemCode[];
}

/**
 * The mesh that is named, translated for as the options say; or else that of the environment whose facts were read, as its
 * own `up` would do it.
 */
export function chooseMesh(
  named: MeshName | undefined,
  { environment, acknowledge }: Rules,
  options: MeshOptions,
): ChosenMesh | undefined {
  if (named !== undefined) return { mesh: named, options, acknowledge };
  if (environment === undefined) return undefined;
  const { mesh, options: own, settled } = environment;
  return { mesh, options: { ...own, ...options }, acknowledge: [...settled, ...acknowledge] };
}

/** @throws UserError if no mesh is named, and there is no environment that has one */
export function demandMesh(...args: Parameters<typeof chooseMesh>): ChosenMesh {
  const chosen = chooseMesh(...args);
  if (chosen !== undefined) return chosen;
  throw new UserError(
    `--mesh is missing. Name the mesh whose objects are printed (${listed(MESH_NAMES)}), or with --env an environment, whose own mesh is taken.`,
  );
}
