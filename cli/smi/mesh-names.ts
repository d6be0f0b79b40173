/** Meshes as the command line names them. Apart from their translators, which take a moment to load. */
export const MESH_NAMES = ["istio", "linkerd", "consul", "gateway-api"] as const;
export type MeshName = (typeof MESH_NAMES)[number];
