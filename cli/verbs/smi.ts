import { type Command, InvalidArgumentError, Option } from "commander";

import { MESH_NAMES } from "../../smi/mesh-names";
import { isLabel, isTrustDomain, LABEL_FORM } from "../../smi/names";
import { PROBLEM_CODES, type ProblemCode } from "../../smi/problem";
import { didYouMean, listed } from "../../smi/reader/suggest";
import type { CheckOptions } from "../smi/check";
import type { DiffOptions } from "../smi/diff";
import type { ExplainOptions } from "../smi/explain";
import type { TranslateOptions } from "../smi/translate";
import { UserError } from "../user-error";

/**
 * Adds `isthmus smi`: traffic rules without a cluster. Its verbs give 0 when all is well and 2 when something is refused,
 * so that 1 is left for answers: denied, different.
 */
export function registerSmi(program: Command, exit: (code: number) => void): void {
  const smi = program
    .command("smi")
    .description("translate, check, explain and compare traffic rules (Service Mesh Interface); needs no cluster");

  const translate = smi
    .command("translate")
    .description("print a mesh's objects for SMI documents; facts are the Deployments, Services, ... among the files")
    .addOption(
      new Option("--mesh <mesh>", "mesh whose objects are printed (default: that of --env)").choices(MESH_NAMES),
    )
    .option("--default-deny", "print the objects first that deny, in the whole mesh, what no rule allows")
    .option("--json", "print one JSON document, {objects, problems}, instead of YAML");
  withReading(withTranslation(translate), "SMI documents and the manifests of their workloads").action(
    answer<[TranslateOptions]>(exit, async () => (await import("../smi/translate")).translateVerb),
  );

  const check = smi
    .command("check")
    .description("say what each mesh would refuse or warn of")
    .addOption(
      new Option("--mesh <mesh>", "only this mesh; repeat for more").choices(MESH_NAMES).argParser(collectMesh),
    )
    .option("--json", "print one JSON document instead of text");
  withReading(withTranslation(check), "SMI documents and manifests", ENVIRONMENT).action(
    answer<[CheckOptions]>(exit, async () => (await import("../smi/check")).checkVerb),
  );

  const explain = smi
    .command("explain")
    .description("say whether a request is allowed, by which rule, and on which object of the mesh")
    .requiredOption(
      "--from <account>",
      "ServiceAccount of the caller, as <namespace>/<name>; or its identity, spiffe://...",
    )
    .requiredOption("--to <account>", "ServiceAccount of the called, as <namespace>/<name>")
    .option("--port <port>", "container port, by number or name; needed if there are several")
    .addOption(
      new Option("--protocol <protocol>", "what is sent: a request, a TCP connection without one, or a UDP datagram")
        .choices(["http", "tcp", "udp"])
        .default("http"),
    )
    .option("--method <method>", "HTTP method", "GET")
    .option("--path <path>", "path of the request", "/")
    .addOption(several("--header <name=value>", "a header; repeat for more", collect))
    .addOption(
      new Option("--mesh <mesh>", "mesh whose objects are named (default: the environment's)").choices(MESH_NAMES),
    )
    .option("--json", "print one JSON document instead of text");
  withReading(withTranslation(explain), "SMI documents and manifests", ENVIRONMENT).action(
    answer<[ExplainOptions]>(exit, async () => (await import("../smi/explain")).explainVerb),
  );

  const diff = smi
    .command("diff")
    .description("say which requests become allowed or denied from one version of the files to the next")
    .argument("<old>", "file or folder of the earlier version")
    .argument("<new>", "file or folder of the later version")
    .option("--json", "print one JSON document instead of text");
  withReading(diff, "manifests of the workloads, if they are not beside the rules").action(
    answer<[string, string, DiffOptions]>(exit, async () => (await import("../smi/diff")).diffVerb),
  );
}

const WORKLOADS = "environment whose workloads are facts beside those of the files";
const ENVIRONMENT = `${WORKLOADS}; without -f its rules are read too (default: local)`;

function withReading(command: Command, what: string, environment = WORKLOADS): Command {
  return command
    .addOption(
      several("-f, --filename <path>", `${what}: a file, a folder, or - for standard input; repeat for more`, collect),
    )
    .option("--env <name>", environment)
    .option("-R, --recursive", "read folders with all that is below them")
    .addOption(
      new Option("-n, --namespace <name>", "namespace of objects that name none")
        .default("default")
        .argParser((text) => demandForm(text, isLabel, LABEL_FORM)),
    )
    .addOption(
      new Option("--anchor <anchor>", "what a path expression must match: the start of the path, or all of it")
        .choices(["start", "full"])
        .default("start"),
    )
    .addOption(
      several("--acknowledge <code>", "accept a warning, which is then not shown; repeat for more", acknowledged),
    );
}

function withTranslation(command: Command): Command {
  return command
    .addOption(
      new Option(
        "--trust-domain <domain>",
        "trust domain of the mesh's identities, where its objects name it",
      ).argParser((text) => demandForm(text, isTrustDomain, 'a DNS name such as "cluster.local"')),
    )
    .option(
      "--widen",
      "let a mesh allow more where it cannot say a path expression, with a warning that shows a request",
    );
}

/** Wraps a verb whose code is loaded when it is asked for. A mistake of the user's is refused with 2, never with 1. */
function answer<Arguments extends unknown[]>(
  exit: (code: number) => void,
  load: () => Promise<(...args: Arguments) => number | Promise<number>>,
): (...args: Arguments) => Promise<void> {
  return async (...args) => {
    const verb = await load();
    try {
      exit(await verb(...args));
    } catch (error) {
      throw error instanceof UserError ? new UserError(error.message, 2) : error;
    }
  };
}

/** An option that may be given several times. */
function several<T>(flags: string, description: string, parse: (value: string, before: T[]) => T[]): Option {
  return new Option(flags, description).default([], "none").argParser(parse);
}

function demandForm(text: string, fits: (text: string) => boolean, form: string): string {
  if (fits(text)) return text;
  throw new InvalidArgumentError(`Allowed is ${form}.`);
}

function collect(value: string, before: readonly string[]): string[] {
  return [...before, value];
}

function collectMesh(value: string, before: readonly string[] | undefined): string[] {
  if (!(MESH_NAMES as readonly string[]).includes(value)) {
    throw new InvalidArgumentError(`Allowed choices are ${MESH_NAMES.join(", ")}.`);
  }
  return [...(before ?? []), value];
}

function acknowledged(value: string, before: readonly ProblemCode[]): ProblemCode[] {
  const codes = Object.keys(PROBLEM_CODES) as ProblemCode[];
  const warnings = codes.filter((code) => PROBLEM_CODES[code].severity === "warning");
  const code = warnings.find((name) => name === value);
  if (code) return [...before, code];
  if (codes.some((name) => name === value)) {
    throw new InvalidArgumentError(`${value} is an error, and only warnings can be accepted: ${warnings.join(", ")}.`);
  }
  throw new InvalidArgumentError(
    `There is no such code.${didYouMean(value, warnings) || ` Warnings: ${listed(warnings)}.`}`,
  );
}
