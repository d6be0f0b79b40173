/** What SMI can say and a mesh may not: for each corner and mesh the answer, by code and place, and that docs/smi.md says so. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { accessRule, hasErrors, MESH_NAMES, MESHES, PROBLEM_CODES } from "../../smi";
import { answerOf, withMatrix } from "./corners/matrix";
import { CORNERS } from "./corners/table";

const cases = Object.entries(CORNERS).flatMap(([name, corner]) =>
  MESH_NAMES.flatMap((mesh) => {
    const answer = answerOf(mesh, corner);
    return answer ? [[name, mesh, corner, answer] as const] : [];
  }),
);

test.each(cases)("%s on %s", (_, mesh, { answers, at }, { problems, objects }) => {
  const expected = "others" in answers ? (answers[mesh] ?? answers.others) : answers;

  expect([...new Set(problems.map(({ code }) => code))]).toEqual(expected);
  for (const { code, severity, message } of problems) {
    expect(severity).toBe(PROBLEM_CODES[code].severity);
    expect(message.length).toBeGreaterThan(20);
  }
  if (at !== undefined && problems.length > 0) expect(problems[0]!.where.endsWith(` ${at}`)).toBe(true);
  if (hasErrors(problems)) expect(objects).toEqual([]);
  else expect(objects.length).toBeGreaterThan(0);
  for (const { metadata } of objects) expect(metadata.name.length).toBeLessThanOrEqual(63);
});

test.each(MESH_NAMES.filter((mesh) => MESHES[mesh].allows))("a typed rule for a star is refused on %s", (mesh) => {
  const web = { namespace: "shop", serviceAccount: "web" };
  const facts = { workloads: [{ ...web, labels: { app: "web" }, ports: [{ port: 80 }], probes: [] }], services: [] };
  for (const over of [{ serviceAccount: "*" }, { namespace: "*" }, { spiffe: "*/ns/shop/sa/web" }]) {
    const documents = accessRule({ name: "any", from: [{ ...web, ...over }], to: web });
    const { objects, problems } = MESHES[mesh].translate(documents, facts);

    expect(problems.find(({ code }) => code === "SMI-NAME")?.where).toBe("spec TrafficTarget shop/any from[0]");
    expect(objects).toEqual([]);
  }
});

test("the support matrix of docs/smi.md is what the code does; npm run docs:smi writes it", () => {
  const text = readFileSync(join(__dirname, "../../docs/smi.md"), "utf8");

  expect(withMatrix(text)).toBe(text);
});
