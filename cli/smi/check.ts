import { hasErrors, type Problem } from "../../smi";
import { checkSources } from "../../smi/manifests";
import { MESH_NAMES, type MeshName } from "../../smi/mesh-names";
import { MESHES } from "../../smi/meshes";
import { distinctProblems } from "../../smi/problem";
import { countProblems, nextStep, refuse, writeNote, writeProblems } from "./output";
import { demandDocuments, readRules, type ReadingOptions, withoutAcknowledged } from "./rules";

export interface CheckOptions extends ReadingOptions {
  readonly mesh?: readonly MeshName[];
}

/** What one mesh says. */
interface Verdict {
  readonly mesh: MeshName;
  readonly refused: boolean;
  /** Number of objects that it would get. */
  readonly objects: number;
  readonly problems: readonly Problem[];
}

/** `isthmus smi check`: what each mesh would refuse. Exit code 2 if one of them refuses anything. */
export async function checkVerb({
  mesh: meshes = MESH_NAMES,
  json = false,
  ...options
}: CheckOptions): Promise<number> {
  const rules = await readRules(options);
  demandDocuments(rules);
  // What cannot be read would be missed by whatever refers to it: those complaints would not be true.
  const verdicts = hasErrors(rules.problems)
    ? []
    : [...new Set(meshes)].map((mesh): Verdict => {
        const { objects, problems } = MESHES[mesh].translate(rules.documents, rules.facts, {
          ...options,
          acknowledge: rules.acknowledge,
        });
        return { mesh, refused: hasErrors(problems), objects: objects.length, problems };
      });
  const sources = hasErrors(rules.problems) ? [] : checkSources(rules.documents, rules.accounts);
  const problems = withoutAcknowledged(distinctProblems([...rules.problems, ...sources]), rules.acknowledge);
  const refused = hasErrors(problems) || verdicts.some((verdict) => verdict.refused);
  if (json) {
    const byMesh = Object.fromEntries(verdicts.map(({ mesh, ...verdict }) => [mesh, verdict]));
    process.stdout.write(`${JSON.stringify({ problems, meshes: byMesh }, null, 2)}\n`);
    return refused ? 2 : 0;
  }
  const unread = refuse(problems, "nothing was checked against a mesh");
  if (unread !== undefined) return unread;
  writeProblems(problems);
  writeVerdicts(verdicts);
  if (refused) writeNote(nextStep(rules.facts));
  return refused ? 2 : 0;
}

/** Problems that all meshes have are said once, the others with the mesh's name before them. */
function writeVerdicts(verdicts: readonly Verdict[]): void {
  const keyOf = ({ code, where, message }: Problem): string => `${code} ${where} ${message}`;
  const shared = ({ problems }: Verdict): Set<string> => new Set(problems.map(keyOf));
  const others = verdicts.slice(1).map(shared);
  const common = new Set(
    (verdicts[0]?.problems ?? []).map(keyOf).filter((key) => others.every((keys) => keys.has(key))),
  );
  writeProblems((verdicts[0]?.problems ?? []).filter((problem) => common.has(keyOf(problem))));
  const width = Math.max(...verdicts.map(({ mesh }) => mesh.length));
  for (const { mesh, problems } of verdicts) {
    writeProblems(
      problems.filter((problem) => !common.has(keyOf(problem))),
      `${mesh}: `,
    );
  }
  for (const { mesh, refused, objects, problems } of verdicts) {
    const counted = countProblems(problems);
    const made = `${objects} ${objects === 1 ? "object" : "objects"}`;
    const text = refused ? `refused: ${counted}` : [made, ...(counted ? [counted] : [])].join(", ");
    process.stdout.write(`${mesh.padEnd(width)}  ${text}\n`);
  }
}
