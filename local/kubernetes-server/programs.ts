import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/** Where `scripts/install-e2e.sh` puts them. */
const INSTALLED = join(__dirname, "../../.isthmus/e2e/kubernetes/bin");

const PROGRAMS = ["etcd", "kube-apiserver", "kube-controller-manager"] as const;

/** Paths of the programs that a cluster's control plane is made of. */
export type Programs = Readonly<Record<(typeof PROGRAMS)[number], string>>;

/**
 * The programs of a control plane: those that the script installed, else those on PATH.
 *
 * @throws Error that names those that are missing and says how to install them.
 */
export function findPrograms(): Programs {
  const found = PROGRAMS.map((name) => [name, findProgram(name)] as const);
  const missing = found.filter(([, path]) => path === undefined).map(([name]) => name);
  if (missing.length > 0) {
    throw new Error(
      `real API servers need ${missing.join(", ")}, found neither in .isthmus/e2e/kubernetes/bin nor on PATH; ` +
        "`sh scripts/install-e2e.sh` builds and installs them",
    );
  }
  return Object.fromEntries(found) as Programs;
}

/** Path of a program, e.g. `kubectl`: the one that the script installed, else the one on PATH. */
export function findProgram(name: string): string | undefined {
  const directories = [INSTALLED, ...(process.env.PATH ?? "").split(delimiter)];
  return directories.map((directory) => join(directory, name)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
