/** Where a cluster's API server is, and the command that gets a token for it. */
export interface Access {
  readonly name: string;
  /** URL of the API server. */
  readonly server: string;
  /** Certificate authority, base64 of PEM. */
  readonly certificateAuthority: string;
  readonly command: string;
  readonly args: readonly string[];
  /** What to do when the command is missing. */
  readonly installHint: string;
}

/** A kubeconfig as JSON, which is YAML too, with its keys in a fixed order so that it changes only when it must. */
export function renderKubeconfig({ name, server, certificateAuthority, command, args, installHint }: Access): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name, cluster: { server, "certificate-authority-data": certificateAuthority } }],
    contexts: [{ name, context: { cluster: name, user: name } }],
    "current-context": name,
    users: [
      {
        name,
        user: {
          exec: {
            apiVersion: "client.authentication.k8s.io/v1beta1",
            command,
            args,
            installHint,
            interactiveMode: "IfAvailable",
            provideClusterInfo: false,
          },
        },
      },
    ],
  });
}

/** The certificate authority in a kubeconfig that AKS returned. */
export function certificateAuthorityOf(kubeconfigBase64: string): string {
  const text = Buffer.from(kubeconfigBase64, "base64").toString("utf8");
  const match = /certificate-authority-data: *"?([A-Za-z0-9+/=]+)"?/.exec(text);
  if (match === null) throw new Error("AKS returned a kubeconfig without certificate-authority-data");
  return match[1]!;
}
