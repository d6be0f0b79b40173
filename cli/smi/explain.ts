import type { Protocol, Request } from "../../smi";
import { subjectOfIdentity } from "../../smi/bindings";
import { explain, type Explanation, routesOf } from "../../smi/explain";
import { workloadsOf } from "../../smi/facts";
import type { MeshName } from "../../smi/mesh-names";
import { DocumentIndex, type Subject, subjectKey } from "../../smi/model";
import { IDENTITY_FORM, isIdentity } from "../../smi/names";
import { compare, sortedNumbers } from "../../smi/order";
import { didYouMean, listed } from "../../smi/reader/suggest";
import { UserError } from "../user-error";
import { chooseMesh } from "./mesh";
import { describeOnMesh, onMesh, type OnMesh } from "./on-mesh";
import { countProblems, nextStep, oneLine, refuse, writeNote, writeProblems } from "./output";
import { describeRequest, describeRule, describeTarget, requestJson, ruleJson } from "./request";
import { demandDocuments, readRules, type ReadingOptions, type Rules } from "./rules";

export interface ExplainOptions extends ReadingOptions {
  readonly from: string;
  readonly to: string;
  readonly port?: string;
  readonly protocol: Protocol;
  readonly method: string;
  readonly path: string;
  readonly header: readonly string[];
  /** Default: that of the environment that was read, or else Linkerd. */
  readonly mesh?: MeshName;
}

const DEFAULT_MESH: MeshName = "linkerd";
/** Refusals that are shown; a destination may have hundreds of rules. */
const SHOWN = 5;

/** `isthmus smi explain`: exit code 0 for allowed, 1 for denied, 2 if it cannot be told. */
export async function explainVerb({ json = false, ...options }: ExplainOptions): Promise<number> {
  const rules = await readRules(options);
  demandDocuments(rules);
  const refused = refuse(rules.problems, "the request was not judged");
  if (refused !== undefined) return refused;
  const request = requestOf(options, rules);
  const explanation = explain(rules.documents, request, options);
  const chosen = chooseMesh(options.mesh, rules, options) ?? {
    mesh: DEFAULT_MESH,
    options,
    acknowledge: rules.acknowledge,
  };
  const mesh = onMesh(chosen, rules, request, explanation.allowed);
  if (mesh.problems && options.mesh) {
    writeProblems(mesh.problems);
    writeNote(`${options.mesh} refuses these rules: ${countProblems(mesh.problems)}. ${nextStep(rules.facts)}`);
    return 2;
  }
  if (json) process.stdout.write(`${JSON.stringify(toJson(request, explanation, mesh), null, 2)}\n`);
  else {
    writeExplanation(request, explanation, mesh);
    writeProblems(mesh.warnings ?? []);
  }
  return explanation.allowed ? 0 : 1;
}

function requestOf(options: ExplainOptions, rules: Rules): Request {
  const { targets } = new DocumentIndex(rules.documents, options);
  const sources = [...rules.accounts, ...targets.flatMap((target) => target.sources)];
  const destinations = [...rules.facts.workloads, ...targets.map((target) => target.destination)];
  const source = callerOf(options, sources);
  const destination = subjectOf("--to", options.to, destinations);
  const known = [...new Set(destinations.map(subjectKey))].sort(compare);
  if (!known.includes(subjectKey(destination))) {
    throw new UserError(
      `--to: found "${subjectKey(destination)}", known destinations: ${listed(known)}.${didYouMean(subjectKey(destination), known)} Add its workload's manifest with -f, or correct the name.`,
    );
  }
  const callers = [...new Set(sources.map(subjectKey))].sort(compare);
  if (!callers.includes(subjectKey(source))) {
    writeNote(
      `--from: "${subjectKey(source)}" is in no rule and no manifest, known: ${listed(callers)}.${didYouMean(subjectKey(source), callers)}`,
    );
  }
  const path = options.path.replace(/[?#].*$/, "");
  if (!path.startsWith("/"))
    throw new UserError(`--path: found "${options.path}", allowed: a path, which starts with a slash.`);
  const port = portOf(options, destination, rules);
  if (options.protocol !== "http") {
    return { protocol: options.protocol, source, destination, port, method: "", path: "", headers: {} };
  }
  return {
    source,
    destination,
    port,
    method: options.method.toUpperCase(),
    path,
    headers: headersOf(options.header),
  };
}

/** The caller: a ServiceAccount, or whoever has a SPIFFE identity. */
function callerOf({ from, trustDomain }: ExplainOptions, known: readonly Subject[]): Subject {
  const id = /^spiffe:\/\/(.*)$/.exec(from)?.[1];
  if (id === undefined) return subjectOf("--from", from, known);
  if (isIdentity(id)) return subjectOfIdentity(id, trustDomain);
  throw new UserError(`--from: found "${from}", allowed: spiffe://${IDENTITY_FORM}.`);
}

/** A ServiceAccount by `<namespace>/<name>`, or by its name if only one namespace has it. */
function subjectOf(option: string, text: string, known: readonly Subject[]): Subject {
  const parts = text.split("/");
  if (parts.length === 2 && parts[0] && parts[1]) return { namespace: parts[0], serviceAccount: parts[1] };
  const named = [...new Set(known.filter(({ serviceAccount }) => serviceAccount === text).map(subjectKey))].sort(
    compare,
  );
  const only = named.length === 1 ? named[0]!.split("/") : undefined;
  if (only) return { namespace: only[0]!, serviceAccount: only[1]! };
  const all = [...new Set(known.map(subjectKey))].sort(compare);
  throw new UserError(
    `${option}: found "${text}", allowed: <namespace>/<ServiceAccount>, of which there are: ${listed(named.length > 0 ? named : all)}.${didYouMean(text, named.length > 0 ? [] : known.map(({ serviceAccount }) => serviceAccount))}`,
  );
}

function headersOf(texts: readonly string[]): Record<string, string> {
  const headers = texts.map(headerOf);
  const twice = headers.find(([name], at) => headers.findIndex(([other]) => other === name) < at);
  if (twice)
    throw new UserError(`--header: found "${twice[0]}" twice, allowed: once, with its values joined by commas.`);
  return Object.fromEntries(headers);
}

function headerOf(text: string): [string, string] {
  const found = /^([^=:\s]+)(?:=|:\s*)(.*)$/s.exec(text);
  if (!found) throw new UserError(`--header: found "${text}", allowed: name=value.`);
  return [found[1]!.toLowerCase(), found[2]!];
}

function portOf({ port: text, protocol }: ExplainOptions, destination: Subject, { facts, documents }: Rules): number {
  const key = subjectKey(destination);
  // No mesh carries UDP, so that facts are of TCP alone.
  const workloads = protocol === "udp" ? [] : workloadsOf(facts, destination);
  const ports = workloads.flatMap((workload) => workload.ports);
  const numbers = sortedNumbers(new Set(ports.map(({ port }) => port)));
  const mentioned = numbers.length > 0 ? numbers : mentionedPorts(documents, key, protocol);
  const shown =
    protocol === "udp"
      ? `${listed(mentioned.map(String))} of UDP, in its rules`
      : ports.length === 0
        ? "not known; add its workload's manifest with -f"
        : listed(numbers.map(String));
  if (text === undefined) {
    if (mentioned.length === 1) return mentioned[0]!;
    throw new UserError(`--port is missing. Container ports of ${key}: ${shown}. Name one with --port.`);
  }
  const named = ports.find(({ name }) => name === text)?.port;
  const port = named ?? Number(text);
  const fits = Number.isInteger(port) && port > 0 && port < 65_536 && (numbers.length === 0 || numbers.includes(port));
  if (fits) return port;
  throw new UserError(
    `--port: found "${text}", container ports of ${key}: ${shown}. Rules name container ports, not a Service's ports.`,
  );
}

/** Ports that the rules of the destination name. */
function mentionedPorts(documents: Rules["documents"], key: string, protocol: Protocol): number[] {
  const index = new DocumentIndex(documents);
  const targets = index.targets.filter(({ destination }) => subjectKey(destination) === key);
  const ports = targets.flatMap((target) => [
    ...(target.destination.port === undefined ? [] : [target.destination.port]),
    ...routesOf(index, target, protocol).flatMap((route) => route.ports),
  ]);
  return sortedNumbers(new Set(ports));
}

function writeExplanation(request: Request, { allowed, by, refusals }: Explanation, mesh: OnMesh): void {
  const lines = [`${allowed ? "allowed" : "denied"}: ${describeRequest(request)}`];
  for (const rule of by) lines.push(`  by ${describeRule(rule)}`);
  if (!allowed) {
    lines.push(
      refusals.length === 0
        ? `  no rule names ${subjectKey(request.destination)} as its destination`
        : "  no rule allows it:",
    );
    for (const { target, reasons } of refusals.slice(0, SHOWN))
      lines.push(`  ${describeTarget(target)}: ${reasons.join("; ")}`);
    if (refusals.length > SHOWN) lines.push(`  and ${refusals.length - SHOWN} more`);
  }
  lines.push(`  ${describeOnMesh(allowed, mesh)}`);
  process.stdout.write(lines.map((line) => `${oneLine(line)}\n`).join(""));
}

function toJson(request: Request, { allowed, by, refusals }: Explanation, { problems, ...mesh }: OnMesh): unknown {
  return {
    allowed,
    request: requestJson(request),
    by: by.map(ruleJson),
    refusals: refusals.map(({ target, reasons }) => ({ ...ruleJson({ target }), reasons })),
    mesh: { ...mesh, ...(problems && { problems }) },
  };
}
