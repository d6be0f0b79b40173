import { aks, eks, environment, linkerd } from "../components/spec";

/** Both clouds at their smallest: for trying a change of the platform itself. */
export default environment({
  clusters: {
    east: eks({
      region: "us-east-1",
      kubernetesVersion: "1.34",
      cidr: "10.16.0.0/14",
      egress: "single",
      nodes: { general: { instanceTypes: ["m7i.large", "m6i.large"], min: 1, max: 3, spot: true } },
    }),
    north: aks({
      location: "northeurope",
      kubernetesVersion: "1.34",
      cidr: "10.20.0.0/14",
      system: { vmSize: "Standard_D2ds_v5", count: 1 },
      nodes: { general: { vmSize: "Standard_D4ds_v5", min: 1, max: 3, spot: true } },
    }),
  },
  mesh: linkerd(),
  protect: false,
});
