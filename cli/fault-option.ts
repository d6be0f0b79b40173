import { Option } from "commander";

import { KINDS } from "../local/clouds/faults/fault";

/** `--fault`, which may be given several times. */
export function faultOption(): Option {
  const kinds = Object.keys(KINDS).join(", ");
  return new Option(
    "--fault <where=kind>",
    `let an operation of the simulated clouds go wrong, once: "create aws:eks/cluster:Cluster=lost-response", "#12=crash"; kinds: ${kinds}`,
  )
    .default([], "none")
    .argParser((text: string, before: readonly string[]) => [...before, text]);
}
