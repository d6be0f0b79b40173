import { aks, allow, bucket, eks, environment, linkerd, mirrored } from "../components/spec";

/** Production: three zones, larger pools, and clusters and data guarded against deletion (the default). */
export default environment({
  // Other environments and the offices are reached from here: see `isthmus plan network --env prod`.
  network: { supernet: "10.48.0.0/12", reserved: ["10.0.0.0/11", "10.32.0.0/12"] },
  clusters: {
    east: eks({
      region: "us-east-1",
      kubernetesVersion: "1.34",
      zones: ["a", "b", "c"],
      block: 0,
      nodes: { general: { instanceTypes: ["m7i.large"], min: 3, max: 12 } },
    }),
    north: aks({
      location: "northeurope",
      kubernetesVersion: "1.34",
      block: 1,
      nodes: { general: { vmSize: "Standard_D4ds_v5", min: 3, max: 12 } },
    }),
  },
  mesh: linkerd(),
  buckets: {
    orders: mirrored({ primary: "east", replica: "north", rpo: "15 minutes" }),
  },
  workloads: {
    web: {
      namespace: "shop",
      on: ["east", "north"],
      image: "ghcr.io/isthmus-shop/web:1.4.0",
      port: 8080,
      probe: "/healthz",
    },
    checkout: {
      namespace: "shop",
      on: ["east"],
      image: "ghcr.io/isthmus-shop/checkout:3.1.0",
      port: 8080,
      probe: "/healthz",
    },
    reports: { namespace: "shop", on: ["north"], image: "ghcr.io/isthmus-shop/reports:1.0.1", port: 8080 },
  },
  access: [
    allow("web").to("checkout", { methods: ["GET", "POST"], paths: ["/cart"] }),
    allow("checkout").to(bucket("orders"), "read-write"),
    allow("reports").to(bucket("orders"), "read"),
  ],
  // The shop's servers answer paths as they are written, without resolving "..".
  acknowledge: ["SMI-PATH-RAW"],
});
