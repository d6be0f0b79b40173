/** Meshes as specs, the command line and the adapter name them. Apart from their translators, which take a moment to load. */
export const MESH_NAMES = ["linkerd", "istio", "istio-ambient", "consul", "gateway-api"] as const;
export type MeshName = (typeof MESH_NAMES)[number];
