import { type Command } from "commander";

import type { NetworkOptions } from "../plan/network";
import type { UpgradeOptions } from "../plan/upgrade";

/** Adds `isthmus plan`: what follows from a spec alone, without an engine, a cloud or configuration. */
export function registerPlan(program: Command, exit: (code: number) => void): void {
  const plan = program.command("plan").description("show what follows from an environment's spec alone; offline");

  plan
    .command("network")
    .description("print the address plan: blocks, subnets and egress of every cluster, and which block is free next")
    .option("--env <name>", "environment whose spec is planned", "local")
    .option("--json", "print one JSON document instead of text")
    .action(async (options: NetworkOptions) => exit(await (await import("../plan/network")).networkVerb(options)));

  plan
    .command("upgrade")
    .description("print the steps to a Kubernetes version: which change of the spec, and what the up after it upgrades")
    .requiredOption("--to <version>", 'minor version to upgrade to, such as "1.36"')
    .option("--env <name>", "environment whose clusters are upgraded", "local")
    .option("--json", "print one JSON document instead of text")
    .action(async (options: UpgradeOptions) => exit(await (await import("../plan/upgrade")).upgradeVerb(options)));
}
