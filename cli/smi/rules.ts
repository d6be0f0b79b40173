import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

import type { TranslationPlan } from "../../components/mesh/plan";
import { readSmi, type Facts, type Problem, type ProblemCode, type SmiDocument, type SmiFile } from "../../smi";
import { readFacts } from "../../smi/manifests";
import { type Anchor, keyOf, type Subject, subjectKey } from "../../smi/model";
import { UserError } from "../user-error";

/** Options of every verb. */
export interface ReadingOptions {
  readonly filename: readonly string[];
  readonly recursive?: boolean;
  readonly namespace: string;
  readonly anchor: Anchor;
  readonly acknowledge: readonly ProblemCode[];
  readonly env?: string;
  readonly trustDomain?: string;
  readonly widen?: boolean;
  readonly json?: boolean;
}

/** Traffic rules with what is known of the workloads. */
export interface Rules {
  readonly documents: readonly SmiDocument[];
  readonly facts: Facts;
  /** Every ServiceAccount that is known, sorted. */
  readonly accounts: readonly Subject[];
  /** Of reading, without those that were acknowledged. */
  readonly problems: readonly Problem[];
  readonly acknowledge: readonly ProblemCode[];
  /** The mesh of the environment that was read, if one was. */
  readonly environment?: TranslationPlan;
}

/** The rules of the files with the workloads among them and of the environment; without files, the environment's rules. */
export async function readRules(options: ReadingOptions): Promise<Rules> {
  if (options.filename.length > 0) {
    const rules = rulesOfFiles(options.filename, options);
    return options.env === undefined ? rules : together(rules, await factsOfEnvironment(options.env));
  }
  const { files, acknowledge, translation, ...rules } = await (
    await loadEnvironment()
  ).readEnvironment(options.env ?? "local");
  const accepted = [...acknowledge, ...options.acknowledge];
  const problems = readSmi(files, { defaultNamespace: options.namespace }).problems;
  return {
    ...rules,
    problems: withoutAcknowledged(problems, accepted),
    acknowledge: accepted,
    environment: translation,
  };
}

/** Loaded when it is asked for: the planners of an environment take most of a second. */
function loadEnvironment(): Promise<typeof import("./environment")> {
  return import("./environment");
}

/** Rules without documents: what an environment's spec says of its workloads. */
export async function factsOfEnvironment(environment: string): Promise<Rules> {
  const { facts, accounts, acknowledge, translation } = await (await loadEnvironment()).readEnvironment(environment);
  return { documents: [], facts, accounts, acknowledge, problems: [], environment: translation };
}

/** The rules with further facts. A workload or Service that both know is taken from the first. */
export function together(first: Rules, ...others: readonly Rules[]): Rules {
  return others.reduce((rules, other) => {
    const services = other.facts.services.filter(
      (service) => !rules.facts.services.some((own) => keyOf(own) === keyOf(service)),
    );
    const workloads = other.facts.workloads.filter(
      (workload) => !rules.facts.workloads.some((own) => subjectKey(own) === subjectKey(workload)),
    );
    const acknowledge = [...rules.acknowledge, ...other.acknowledge];
    return {
      documents: rules.documents,
      facts: { workloads: [...rules.facts.workloads, ...workloads], services: [...rules.facts.services, ...services] },
      accounts: [...rules.accounts, ...other.accounts],
      problems: withoutAcknowledged([...rules.problems, ...other.problems], acknowledge),
      acknowledge,
      ...(other.environment && { environment: other.environment }),
    };
  }, first);
}

/** @throws UserError if a path leads to nothing, or no file has an SMI document in it */
export function rulesOfFiles(paths: readonly string[], options: ReadingOptions): Rules {
  const files = paths.flatMap((path) => filesAt(path, options));
  const twice = files.find(({ path }, index) => files.findIndex((other) => other.path === path) < index);
  if (twice) throw new UserError(`${twice.path} is named twice. Name each file once.`);
  const defaults = { defaultNamespace: options.namespace };
  const read = readSmi(files, defaults);
  const { facts, accounts, problems } = readFacts(read.others, defaults);
  return {
    documents: read.documents,
    facts,
    accounts,
    problems: withoutAcknowledged([...read.problems, ...problems], options.acknowledge),
    acknowledge: options.acknowledge,
  };
}

/** Warnings that nobody has accepted, and all errors. */
export function withoutAcknowledged(problems: readonly Problem[], accepted: readonly ProblemCode[]): Problem[] {
  return problems.filter(({ code, severity }) => severity === "error" || !accepted.includes(code));
}

/** @throws UserError if there is nothing to work on */
export function demandDocuments({ documents, problems }: Rules): void {
  if (documents.length > 0 || problems.some(({ severity }) => severity === "error")) return;
  throw new UserError(
    "there is no SMI document in these files. A document of SMI has an apiVersion such as access.smi-spec.io/v1alpha3; name the files that hold them with -f.",
  );
}

const STANDARD_INPUT = "-";

function filesAt(path: string, { recursive = false }: ReadingOptions): SmiFile[] {
  if (path === STANDARD_INPUT) return [{ path: "standard input", text: readText(0, "standard input") }];
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found) throw new UserError(`there is no file or folder "${path}". Name one with -f, or - for standard input.`);
  if (!found.isDirectory()) return [{ path, text: readText(path, path) }];
  const names = readdirSync(path, { recursive, encoding: "utf8" })
    .filter((name) => /\.(ya?ml|json)$/.test(name) && statSync(join(path, name)).isFile())
    .sort();
  if (names.length === 0) {
    const deeper = recursive ? "" : " Add -R to read the folders below it.";
    throw new UserError(`there is no .yaml, .yml or .json file in the folder ${path}.${deeper}`);
  }
  return names.map((name) => ({ path: join(path, name), text: readText(join(path, name), join(path, name)) }));
}

function readText(file: string | 0, shown: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new UserError(`cannot read ${shown}: ${(error as Error).message}.`);
  }
}
