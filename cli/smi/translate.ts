import type { MeshName } from "../../smi/mesh-names";
import { MESHES } from "../../smi/meshes";
import { distinctProblems } from "../../smi/problem";
import { checkSources } from "../../smi/manifests";
import { UserError } from "../user-error";
import { demandMesh } from "./mesh";
import { refuse, toYaml, writeProblems } from "./output";
import { demandDocuments, readRules, type ReadingOptions, withoutAcknowledged } from "./rules";

export interface TranslateOptions extends ReadingOptions {
  /** Default: that of the environment that `--env` names. */
  readonly mesh?: MeshName;
  readonly defaultDeny?: boolean;
}

/** `isthmus smi translate`: a mesh's objects on standard output; nothing there if anything is refused. */
export async function translateVerb({
  mesh: named,
  defaultDeny = false,
  json = false,
  ...options
}: TranslateOptions): Promise<number> {
  if (options.filename.length === 0) {
    throw new UserError(
      "no file is named. Name SMI documents and the manifests of their workloads with -f; the objects of an environment are written by isthmus render.",
    );
  }
  const rules = await readRules(options);
  const { mesh, acknowledge, options: own } = demandMesh(named, rules, options);
  const deny = MESHES[mesh].defaultDeny(own);
  if (defaultDeny && typeof deny === "string")
    throw new UserError(`--default-deny: there are no objects for it, ${deny}.`);
  demandDocuments(rules);
  const refused = refuse(rules.problems, `nothing was translated for ${mesh}`);
  if (refused !== undefined) return refused;
  const { objects: made, problems: found } = MESHES[mesh].translate(rules.documents, rules.facts, {
    ...own,
    acknowledge,
  });
  const sources = checkSources(rules.documents, rules.accounts);
  const problems = withoutAcknowledged(distinctProblems([...rules.problems, ...sources, ...found]), acknowledge);
  const code = refuse(problems, `nothing was translated for ${mesh}`, rules);
  if (code !== undefined) return code;
  writeProblems(problems);
  const objects = [...(defaultDeny && typeof deny !== "string" ? deny : []), ...made];
  process.stdout.write(json ? `${JSON.stringify({ objects, problems }, null, 2)}\n` : toYaml(objects));
  return 0;
}
