import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

import type { SmiFile } from "../../smi/read";
import type { Problem } from "../problem";

/** Reads the SMI YAML that a spec names: files, or folders with `.yaml` and `.yml` files in them. */
export function loadSmiFiles(paths: readonly string[], directory: string): { files: SmiFile[]; problems: Problem[] } {
  const files: SmiFile[] = [];
  const problems: Problem[] = [];
  for (const [index, path] of paths.entries()) {
    const names = filesAt(join(directory, path));
    if (names === undefined || names.length === 0) {
      problems.push({
        path: `smi[${index}]`,
        found: path,
        allowed: "a YAML file, or a folder with .yaml or .yml files, relative to the project",
      });
      continue;
    }
    for (const name of names) {
      const relative = name === "" ? path : join(path, name);
      files.push({ path: relative, text: readFileSync(join(directory, relative), "utf8") });
    }
  }
  return { files, problems };
}

/** Names below a folder, sorted; an empty name for a file itself; undefined when there is neither. */
function filesAt(path: string): string[] | undefined {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return undefined;
  if (!found.isDirectory()) return [""];
  return readdirSync(path)
    .filter((name) => /\.ya?ml$/.test(name))
    .sort();
}
