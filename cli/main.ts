import { Command, CommanderError, Option } from "commander";
import pc from "picocolors";

import { IncorrectPassphrase } from "../local/protocol/crypter";
import { faultOption } from "./fault-option";
import { UserError } from "./user-error";
import { registerPlan } from "./verbs/plan";
import type { EditOptions } from "./verbs/local";
import { registerSmi } from "./verbs/smi";

/** Runs the command line and sets the exit code: 0 done, 1 refused or failed, 2 not understood. */
export async function main(argv: readonly string[]): Promise<void> {
  try {
    process.exitCode = await run(argv);
  } catch (error) {
    process.exitCode = reportError(error);
  }
}

async function run(argv: readonly string[]): Promise<number> {
  let exitCode = 0;
  // A verb's code is loaded when it is asked for: engine and clouds take most of a second.
  const verb =
    <Options>(load: () => Promise<(options: Options) => Promise<number>>) =>
    async (options: Options): Promise<void> => {
      exitCode = await (await load())(options);
    };
  const json = () => new Option("--json", "print one JSON document instead of text");
  const replace = () =>
    new Option("--replace <urn>", "replace this resource whatever its inputs say; may be repeated").argParser(collect);
  const program = new Command("isthmus")
    .description(
      "One Kubernetes platform on Azure and on AWS. The verbs run its local environment on simulated clouds.",
    )
    .exitOverride()
    .showSuggestionAfterError()
    .showHelpAfterError("Run isthmus --help for the verbs.");

  program
    .command("up")
    .description("bring the local environment to what its spec says")
    .addOption(json())
    .addOption(replace())
    .addOption(faultOption())
    .action(verb(async () => (await import("./verbs/up")).upVerb));
  program
    .command("preview")
    .description("show what up would change")
    .addOption(json())
    .addOption(replace())
    .addOption(faultOption())
    .action(verb(async () => (await import("./verbs/preview")).previewVerb));
  program
    .command("refresh")
    .description("take over into the state what has become of the clouds behind its back")
    .option("--preview-only", "only show what would be taken over")
    .addOption(json())
    .addOption(faultOption())
    .action(verb(async () => (await import("./verbs/refresh")).refreshVerb));
  program
    .command("recover")
    .description("say what an interrupted run was doing, and adopt or forget what it has made")
    .addOption(
      new Option("--forget <urn>", "forget a creation that cannot be looked up; may be repeated").argParser(collect),
    )
    .addOption(json())
    .action(verb(async () => (await import("./verbs/recover")).recoverVerb));
  program
    .command("destroy")
    .description("remove everything of the local environment")
    .addOption(json())
    .addOption(faultOption())
    .action(verb(async () => (await import("./verbs/destroy")).destroyVerb));
  program
    .command("export")
    .description("print the local environment's state in Pulumi's deployment format, secrets encrypted")
    .addOption(new Option("--json", "the state is JSON with or without it"))
    .action(verb(async () => (await import("./verbs/export")).exportVerb));
  program
    .command("import")
    .description("take over a state that isthmus export or pulumi stack export wrote")
    .argument("<file>", "the exported deployment")
    .action(async (file: string) => {
      exitCode = await (await import("./verbs/import")).importVerb(file);
    });
  program
    .command("render")
    .description("write every cluster's Kubernetes objects as YAML, one folder a cluster; offline")
    .requiredOption("--out <folder>", "an empty or new folder, or one that an earlier render made")
    .option("--env <name>", "environment whose spec is rendered", "local")
    .addOption(json())
    .action(verb(async () => (await import("./verbs/render")).renderVerb));
  program
    .command("report")
    .description("turn previews (isthmus preview --json, or pulumi preview --json) into Markdown for a pull request")
    .argument("[files...]", "preview documents, each named after its environment; standard input when there is none")
    .option("--run-url <url>", "address of the job's log, linked at the end")
    .addOption(json())
    .action(async (files: string[], options: { json?: boolean; runUrl?: string }) => {
      exitCode = await (await import("./verbs/report")).reportVerb(files, options);
    });
  program
    .command("serve")
    .description("serve the simulated clouds to the real Pulumi CLI until interrupted")
    .option("--ledger <folder>", "where the clouds keep what exists", ".isthmus/serve")
    .option("--kubernetes <kind>", "what clusters are: simulated, or real API servers", "simulated")
    .addOption(faultOption())
    .addOption(json())
    .action(verb(async () => (await import("./verbs/serve")).serveVerb));

  registerPlan(program, (code) => (exitCode = code));
  const local = program.command("local").description("look at the simulated clouds, or change them by hand");
  local
    .command("cost")
    .description("what exists, and what it would cost a month on the real clouds")
    .addOption(json())
    .action(verb(async () => (await import("./verbs/local")).costVerb));
  local
    .command("edit")
    .description("change or delete a thing behind the engine's back, as somebody with a console would (drift)")
    .argument("<type>", "Pulumi type token, e.g. aws:ec2/vpc:Vpc")
    .argument("<name>", "its name in the program, or its id")
    .argument("[changes...]", "properties, as <path>=<JSON value>: tags.team='\"web\"'; no value takes it away")
    .option("--delete", "delete it, with all that its cloud deletes along with it")
    .option("--scope <scope>", "where it is, when several clusters or regions have one of that id")
    .addOption(json())
    .action(async (type: string, name: string, changes: string[], options: EditOptions) => {
      exitCode = await (await import("./verbs/local")).editVerb(type, name, changes, options);
    });

  registerSmi(program, (code) => (exitCode = code));

  await program.parseAsync([...argv]);
  return exitCode;
}

function collect(value: string, before: string[] = []): string[] {
  return [...before, value];
}

function reportError(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof UserError) {
    process.stderr.write(`${pc.red("error:")} ${error.message}\n`);
    return error.exitCode;
  }
  if (error instanceof IncorrectPassphrase) {
    process.stderr.write(
      `${pc.red("error:")} the passphrase does not open what is sealed here. Set PULUMI_CONFIG_PASSPHRASE to the one that sealed it, or unset it if isthmus drew its own (.isthmus/passphrase).\n`,
    );
    return 1;
  }
  throw error;
}
