import { spawnSync } from "node:child_process";
import { join } from "node:path";

/** Installs the servers once, before the first suite; where it cannot, the script says what to install by hand. */
export default function install(): void {
  const script = join(__dirname, "../../scripts/install-e2e.sh");
  if (spawnSync("sh", [script], { stdio: ["ignore", "inherit", "inherit"] }).status !== 0) {
    throw new Error("the end-to-end tests need their servers: see the message of scripts/install-e2e.sh above");
  }
}
