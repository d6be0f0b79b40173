import { LOOPBACK, type Files } from "./files";

/** TCP ports of one control plane. */
export interface Ports {
  readonly etcd: number;
  readonly etcdPeer: number;
  readonly apiServer: number;
}

/** The issuer of service account tokens, as the API server names itself inside of a cluster. */
const ISSUER = "https://kubernetes.default.svc";

/**
 * Controllers that need no cloud and no node, by the names of kube-controller-manager. Those that watch over nodes are not
 * among them, since no kubelet reports for any.
 */
const CONTROLLERS = [
  "clusterrole-aggregation-controller",
  "cronjob-controller",
  "daemonset-controller",
  "deployment-controller",
  "disruption-controller",
  "endpoints-controller",
  "endpointslice-controller",
  "endpointslice-mirroring-controller",
  "garbage-collector-controller",
  "job-controller",
  "namespace-controller",
  "persistentvolume-protection-controller",
  "persistentvolumeclaim-protection-controller",
  "replicaset-controller",
  "resourcequota-controller",
  "root-ca-certificate-publisher-controller",
  "serviceaccount-controller",
  "statefulset-controller",
  "ttl-after-finished-controller",
  "validatingadmissionpolicy-status-controller",
];

export function etcdArgs({ data, server, authority }: Files, { etcd, etcdPeer }: Ports): string[] {
  const [clients, peers] = [`https://${LOOPBACK}:${etcd}`, `http://${LOOPBACK}:${etcdPeer}`];
  return flags({
    "data-dir": data,
    "listen-client-urls": clients,
    "advertise-client-urls": clients,
    "listen-peer-urls": peers,
    "initial-advertise-peer-urls": peers,
    "initial-cluster": `default=${peers}`,
    "cert-file": server.certificate,
    "key-file": server.key,
    "client-cert-auth": "true",
    "trusted-ca-file": authority,
    // What is lost in a power cut was only ever a simulation.
    "unsafe-no-fsync": "true",
    "force-new-cluster": "true",
    "log-level": "error",
  });
}

export function apiServerArgs(files: Files, { etcd, apiServer }: Ports): string[] {
  return flags({
    "bind-address": LOOPBACK,
    "advertise-address": LOOPBACK,
    "secure-port": String(apiServer),
    // The address would be one of loopback, which Endpoints may not name.
    "endpoint-reconciler-type": "none",
    "etcd-servers": `https://${LOOPBACK}:${etcd}`,
    "etcd-cafile": files.authority,
    "etcd-certfile": files.etcdClient.certificate,
    "etcd-keyfile": files.etcdClient.key,
    "tls-cert-file": files.server.certificate,
    "tls-private-key-file": files.server.key,
    "client-ca-file": files.authority,
    "token-auth-file": files.tokens,
    "authorization-mode": "Node,RBAC",
    "allow-privileged": "true",
    "service-cluster-ip-range": "10.96.0.0/16",
    "service-account-issuer": ISSUER,
    "service-account-key-file": files.serviceAccountPublicKey,
    "service-account-signing-key-file": files.serviceAccountKey,
    "requestheader-client-ca-file": files.frontProxyAuthority,
    "requestheader-allowed-names": "front-proxy",
    "requestheader-username-headers": "X-Remote-User",
    "requestheader-group-headers": "X-Remote-Group",
    "requestheader-extra-headers-prefix": "X-Remote-Extra-",
    "proxy-client-cert-file": files.frontProxy.certificate,
    "proxy-client-key-file": files.frontProxy.key,
  });
}

export function controllerManagerArgs(files: Files): string[] {
  return flags({
    kubeconfig: files.controllerManagerKubeconfig,
    controllers: CONTROLLERS.join(","),
    // Each controller has a role of its own, and the program as a whole has nearly none.
    "use-service-account-credentials": "true",
    "leader-elect": "false",
    // It serves nothing but its health.
    "secure-port": "0",
    "root-ca-file": files.authority,
    "service-account-private-key-file": files.serviceAccountKey,
  });
}

function flags(values: Readonly<Record<string, string>>): string[] {
  return Object.entries(values).map(([name, value]) => `--${name}=${value}`);
}
