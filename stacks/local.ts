import { aks, allow, bucket, eks, environment, linkerd, mirrored } from "../components/spec";

/** The shop on one EKS and one AKS cluster, on simulated clouds: `npm start`. */
export default environment({
  clusters: {
    east: eks({
      region: "us-east-1",
      kubernetesVersion: "1.34",
      cidr: "10.16.0.0/14",
      // One NAT gateway is enough here; the default is one a zone.
      egress: "single",
      nodes: { general: { instanceTypes: ["m7i.large"], min: 2, max: 6 } },
    }),
    north: aks({
      location: "northeurope",
      kubernetesVersion: "1.34",
      cidr: "10.20.0.0/14",
      nodes: { general: { vmSize: "Standard_D4ds_v5", min: 2, max: 6 } },
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
    catalog: {
      namespace: "shop",
      on: ["east", "north"],
      image: "ghcr.io/isthmus-shop/catalog:2.0.0",
      port: 8080,
      probe: "/healthz",
      versions: {
        v1: { image: "ghcr.io/isthmus-shop/catalog:1.9.3" },
        v2: { image: "ghcr.io/isthmus-shop/catalog:2.0.0" },
      },
    },
    checkout: {
      namespace: "shop",
      on: ["east"],
      image: "ghcr.io/isthmus-shop/checkout:3.1.0",
      port: 8080,
      probe: "/healthz",
      versions: {
        v1: { image: "ghcr.io/isthmus-shop/checkout:3.0.2" },
        v2: { image: "ghcr.io/isthmus-shop/checkout:3.1.0" },
      },
    },
    reports: { namespace: "shop", on: ["north"], image: "ghcr.io/isthmus-shop/reports:1.0.1", port: 8080 },
  },
  access: [
    // Beside the SMI rules of examples/shop.
    allow("web").to("checkout", { methods: ["POST"], paths: ["/orders"] }),
    allow("reports").to("catalog", { methods: ["GET"], paths: ["/products"] }),
    allow("checkout").to(bucket("orders"), "read-write"),
    // From AKS to S3: the other cloud, with the pod's own token and no key.
    allow("reports").to(bucket("orders"), "read"),
  ],
  splits: { checkout: { "checkout-v1": 90, "checkout-v2": 10 } },
  smi: ["examples/shop"],
  // The shop's servers answer paths as they are written, without resolving "..".
  acknowledge: ["SMI-PATH-RAW"],
  protect: false,
});
