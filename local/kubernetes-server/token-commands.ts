import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Commands by which kubeconfigs of EKS and AKS get tokens, and how each is called for one. */
const COMMANDS = { aws: "eks get-token", kubelogin: "get-token" } as const;

/** Writes commands that stand in for the clouds' own, and give a token to whoever may read the folder. */
export function writeTokenCommands(directory: string, token: string): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const credential = JSON.stringify({
    apiVersion: "client.authentication.k8s.io/v1beta1",
    kind: "ExecCredential",
    status: { token },
  });
  for (const [command, call] of Object.entries(COMMANDS)) {
    const script = [
      "#!/bin/sh",
      'case "$*" in',
      `"${call}"*) echo '${credential}' ;;`,
      `*) echo "this ${command} is a stand-in by isthmus serve and knows '${call}' only; take ${directory} from PATH" >&2; exit 1 ;;`,
      "esac",
      "",
    ];
    writeFileSync(join(directory, command), script.join("\n"), { mode: 0o700 });
  }
}
