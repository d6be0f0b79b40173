import { z } from "zod";

import { cidr, clusterName, dnsLabel, isolation, minorVersion } from "./common-schema";

/** How a cluster that exists makes volumes of one kind. */
const volumeSource = z.strictObject({
  /** Name of the CSI driver, e.g. `csi.vsphere.vmware.com`. */
  provisioner: z.string().min(1),
  parameters: z.record(z.string(), z.string()).optional(),
});

export const existingSchema = z.strictObject({
  kind: z.literal("existing"),
  name: clusterName,
  /** Context of the kubeconfig. It may be renamed: what runs in the cluster hangs on `id`. */
  context: z.string().min(1),
  /** File with the context: relative to the project, absolute, or below `~`. Default: `~/.kube/config`. */
  kubeconfigPath: z.string().min(1).optional(),
  /**
   * Where the context's user has its credentials: from a command (`exec`), or written into the kubeconfig (`inline`), which
   * then is in the state too, encrypted. Default: `exec`.
   */
  credentials: z.enum(["exec", "inline"]).optional(),
  /** Tells this cluster from an earlier one of the same key: change it when the cluster was built anew. Default: its name. */
  id: z.string().min(1).optional(),
  /** Kubernetes minor version that it runs. It is upgraded by whoever runs it. */
  kubernetesVersion: minorVersion,
  /** Issuer of its ServiceAccount tokens, byte for byte: `kubectl get --raw /.well-known/openid-configuration`. */
  issuer: z.string().regex(/^https:\/\/[^\s?#]+$/, "an https:// URL, exactly as the cluster states it"),
  /** Its addresses, disjoint from those of every other cluster. */
  network: z.strictObject({
    nodeCidr: cidr,
    /** The same as `nodeCidr`, or part of it, where there is no overlay. */
    podCidr: cidr,
    serviceCidr: cidr,
    /** Addresses that its traffic to the internet comes from. Default: none are known. */
    egressAddresses: z.array(z.ipv4()).optional(),
  }),
  /**
   * The runtime of its nodes for sandboxed pods, by its name in containerd, e.g. `runsc`, and what it isolates them by. The
   * nodes that have it must bear the label `isthmus/sandbox=true`, and should bear it as a taint. Default: it has none.
   */
  sandbox: z.strictObject({ handler: dnsLabel, isolation }).optional(),
  /** What the storage classes `block` and `shared` are made from. Default: none of them. */
  volumes: z.strictObject({ block: volumeSource.optional(), shared: volumeSource.optional() }).optional(),
});
