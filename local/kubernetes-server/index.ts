export { Authority } from "./certificates";
export { Client, PATCHES, type Access, type Answer, type KubernetesObject, type Method } from "./client";
export { ControlPlane, type ControlPlaneOptions } from "./control-plane";
export { findProgram, findPrograms } from "./programs";
export { RealClusters } from "./real-clusters";
