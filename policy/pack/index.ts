import { PolicyPack } from "@pulumi/policy";

import { policies } from "./policies";

// The only call: it starts a server, so nothing but Pulumi's runner may load this file.
new PolicyPack("isthmus", {
  displayName: "Isthmus",
  description: "Rules for clusters, identities, storage and workloads on AWS, Azure and Kubernetes.",
  policies,
});
