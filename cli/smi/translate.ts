import type { MeshName } from "../../smi/mesh-names";
import { MESHES } from "../../smi/meshes";
import { distinctProblems } from "../../smi/problem";
import { checkSources } from "../../smi/manifests";
import { UserError } from "../user-error";
import { refuse, toYaml, writeProblems } from "./output";
import { demandDocuments, readRules, type ReadingOptions, withoutAcknowledged } from "./rules";

export interface TranslateOptions extends ReadingOptions {
  readonly mesh: MeshName;
  readonly defaultDeny?: boolean;
}

/** `isthmus smi translate`: a mesh's objects on standard output; nothing there if anything is refused. */
export async function translateVerb({
  mesh,
  defaultDeny = false,
  json = false,
  ...options
}: TranslateOptions): Promise<number> {
  if (options.filename.length === 0) {
    throw new UserError(
      "no file is named. Name SMI documents and the manifests of their workloads with -f; the objects of an environment are written by isthmus render.",
    );
  }
  const deny = MESHES[mesh].defaultDeny(options);
  if (defaultDeny && typeof deny === "string")
    throw new UserError(`--default-deny: there are no objects for it, ${deny}.`);
  const rules = await readRules(options);
  demandDocuments(rules);
  const refused = refuse(rules.problems, `nothing was translated for ${mesh}`);
  if (refused !== undefined) return refused;
  const { objects: own, problems: found } = MESHES[mesh].translate(rules.documents, rules.facts, {
    ...options,
    acknowledge: rules.acknowledge,
  });
  const sources = checkSources(rules.documents, rules.accounts);
  const problems = withoutAcknowledged(distinctProblems([...rules.problems, ...sources, ...found]), rules.acknowledge);
  const code = refuse(problems, `nothing was translated for ${mesh}`, rules);
  if (code !== undefined) return code;
  writeProblems(problems);
  const objects = [...(defaultDeny && typeof deny !== "string" ? deny : []), ...own];
  process.stdout.write(json ? `${JSON.stringify({ objects, problems }, null, 2)}\n` : toYaml(objects));
  return 0;
}
