import { relative } from "node:path";

import pc from "picocolors";
import { z } from "zod";

import type { RunResult } from "../../local/engine";
import { unwrapSecrets } from "../../local/protocol/property";
import type { Timeline } from "../../local/timeline";
import { duration, nameOf, shortType } from "./format";

/** The program's `summary` output, read back from the state: see `components/summary.ts`. */
const platformSchema = z.object({
  clusters: z.record(
    z.string(),
    z.object({
      kind: z.string(),
      name: z.string(),
      place: z.string(),
      kubernetesVersion: z.string(),
      connect: z.string(),
    }),
  ),
  calls: z.array(z.string()),
  splits: z.array(z.string()),
  objects: z.array(z.string()),
  mirrors: z.record(
    z.string(),
    z.object({ primary: z.string(), replica: z.string(), rpo: z.string(), mover: z.string() }),
  ),
});

/** What stands now, for a person. Undefined when the program exported no summary. */
export function describePlatform(result: RunResult): string | undefined {
  const parsed = platformSchema.safeParse(unwrapSecrets(result.outputs.summary ?? null));
  if (!parsed.success) return undefined;
  const { clusters, calls, splits, objects, mirrors } = parsed.data;
  const sections: [string, string[]][] = [
    [
      "Clusters",
      Object.entries(clusters).flatMap(([key, { kind, name, place, kubernetesVersion, connect }]) => [
        `${key}: ${kind.toUpperCase()} ${name} in ${place}, Kubernetes ${kubernetesVersion}`,
        pc.dim(`  on a real cloud: ${connect}`),
      ]),
    ],
    ["Who may call whom (everything else is denied)", calls],
    ["How traffic is split", splits],
    ["Who may use which bucket, without a key", objects],
    [
      "Mirrors",
      Object.entries(mirrors).map(
        ([key, { primary, replica, rpo, mover }]) =>
          `${key}: ${primary} -> ${replica}, at most ${rpo} old, moved by ${mover}`,
      ),
    ],
  ];
  return sections
    .filter(([, lines]) => lines.length > 0)
    .map(([title, lines]) => `${pc.bold(title)}\n${lines.map((line) => `  ${line}\n`).join("")}`)
    .join("\n");
}

/** How long the run would take on the real clouds, and what decides it. */
export function describeTimeline({ seconds, criticalPath }: Timeline): string {
  const steps = criticalPath.map(
    ({ step, start, end }) => `  ${duration(end - start).padStart(7)}  ${shortType(step.type)} ${nameOf(step.urn)}`,
  );
  return `${pc.bold(`On the real clouds this would take about ${duration(seconds)}; its critical path:`)}\n${steps.join("\n")}\n`;
}

/** A path as the user would type it. */
export function shown(path: string): string {
  return relative(process.cwd(), path) || ".";
}
