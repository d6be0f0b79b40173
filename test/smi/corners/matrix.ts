import {
  hasErrors,
  type KubernetesObject,
  type MeshName,
  MESH_NAMES,
  MESHES,
  type Problem,
  readSmi,
} from "../../../smi";
import { type Corner, CORNERS, FACTS } from "./table";

/** Reported beside every rule of a kind, and said in the text about each mesh. */
const USUAL = ["SMI-PATH-RAW", "SMI-WAYPOINT-DIRECT", "SMI-SPLIT-SETUP"];

/** What a mesh makes of a corner: `undefined` if it is about access, of which the mesh's API knows nothing. */
export function answerOf(
  mesh: MeshName,
  { text, facts = FACTS }: Corner,
): { readonly problems: readonly Problem[]; readonly objects: readonly KubernetesObject[] } | undefined {
  const read = readSmi([{ path: "x.yaml", text }]);
  const isAccess = read.documents.some(({ kind }) => kind === "TrafficTarget");
  if (isAccess && !MESHES[mesh].allows && !hasErrors(read.problems)) return undefined;
  const { objects, problems } = hasErrors(read.problems)
    ? { objects: [], problems: [] }
    : MESHES[mesh].translate(read.documents, facts);
  return { objects, problems: [...read.problems, ...problems].filter(({ code }) => !USUAL.includes(code)) };
}

/** The table of docs/smi.md: a row for each corner, a column for each mesh. */
export function supportMatrix(): string {
  const rows = Object.entries(CORNERS).map(([name, corner]) => [name, ...MESH_NAMES.map((mesh) => cell(mesh, corner))]);
  const header = ["", ...MESH_NAMES];
  const widths = header.map((_, at) => Math.max(3, ...[header, ...rows].map((row) => row[at]!.length)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((text, at) => text.padEnd(widths[at]!)).join(" | ")} |`;
  return [line(header), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)].join("\n");
}

function cell(mesh: MeshName, corner: Corner): string {
  const answer = answerOf(mesh, corner);
  if (!answer) return "no access rules";
  const said = answer.problems.map(({ code, severity }) => `${severity} \`${code}\``);
  return said.length === 0 ? "exact" : [...new Set(said)].join(", ");
}

export const [BEGIN, END] = ["<!-- support matrix: npm run docs:smi -->", "<!-- end of the support matrix -->"];

/** A document with the table between its markers as the code makes it now. */
export function withMatrix(text: string): string {
  const [before, after] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (before < 0 || after < before) throw new Error(`docs/smi.md lacks the line ${BEGIN}, or ${END} after it`);
  return `${text.slice(0, before + BEGIN.length)}\n\n${supportMatrix()}\n\n${text.slice(after)}`;
}
