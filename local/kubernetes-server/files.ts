import { createPublicKey } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { generateKey } from "../clouds/tls/keys";
import { Authority, pkcs8, type KeyPair } from "./certificates";
import type { Access } from "./client";

/** The one address on which everything listens. */
export const LOOPBACK = "127.0.0.1";

/** Paths of what the programs of a control plane read and keep. */
export interface Files {
  readonly data: string;
  /** The authority of servers and of clients that sign in with a certificate. */
  readonly authority: string;
  /** The authority of the aggregator alone, which names the user that it speaks for. */
  readonly frontProxyAuthority: string;
  readonly server: PairFiles;
  readonly etcdClient: PairFiles;
  readonly frontProxy: PairFiles;
  readonly serviceAccountKey: string;
  readonly serviceAccountPublicKey: string;
  readonly tokens: string;
  /** The administrator's kubeconfig. */
  readonly kubeconfig: string;
  readonly controllerManagerKubeconfig: string;
}

export interface PairFiles {
  readonly certificate: string;
  readonly key: string;
}

/** Writes everything anew but the objects, and the authority when the folder has one. */
export async function writeFiles(
  directory: string,
  authority: Authority,
  { url, token }: Pick<Access, "url" | "token">,
  hosts: readonly string[],
): Promise<Files> {
  const write = (name: string, text: string): string => {
    const path = join(directory, name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  };
  const writePair = (name: string, { certificate, key }: KeyPair): PairFiles => ({
    certificate: write(`${name}.crt`, certificate),
    key: write(`${name}.key`, key),
  });
  const ca = authority.certificate;
  const frontProxyAuthority = await Authority.create("front-proxy");
  const serviceAccounts = await generateKey({ algorithm: "ECDSA", curve: "P256" });
  const serverHosts = ["localhost", LOOPBACK, "kubernetes", "kubernetes.default", "kubernetes.default.svc", ...hosts];
  const controllers = await authority.issue({ commonName: "system:kube-controller-manager" });
  return {
    data: join(directory, "etcd"),
    authority: write("authority.crt", ca),
    frontProxyAuthority: write("front-proxy-authority.crt", frontProxyAuthority.certificate),
    server: writePair("server", await authority.issue({ commonName: "kube-apiserver", hosts: serverHosts })),
    etcdClient: writePair("etcd-client", await authority.issue({ commonName: "etcd-client" })),
    frontProxy: writePair("front-proxy", await frontProxyAuthority.issue({ commonName: "front-proxy" })),
    serviceAccountKey: write("service-accounts.key", pkcs8(serviceAccounts)),
    serviceAccountPublicKey: write(
      "service-accounts.pub",
      createPublicKey(serviceAccounts).export({ format: "pem", type: "spki" }).toString(),
    ),
    tokens: write("tokens.csv", `${token},admin,admin,system:masters\n`),
    kubeconfig: write("kubeconfig", kubeconfigOf(url, ca, { token })),
    controllerManagerKubeconfig: write(
      "controller-manager.kubeconfig",
      kubeconfigOf(url, ca, {
        "client-certificate-data": base64(controllers.certificate),
        "client-key-data": base64(controllers.key),
      }),
    ),
  };
}

/** JSON, which is YAML too. */
function kubeconfigOf(server: string, authority: string, user: Readonly<Record<string, string>>): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "local", cluster: { server, "certificate-authority-data": base64(authority) } }],
    users: [{ name: "local", user }],
    contexts: [{ name: "local", context: { cluster: "local", user: "local" } }],
    "current-context": "local",
  });
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}
