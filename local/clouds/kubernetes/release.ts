import { Unknown, type PropertyMap } from "../../protocol/property";
import {
  InitializationFailed,
  ProviderError,
  type CheckFailure,
  type CheckRequest,
  type CheckResult,
  type CreateRequest,
  type CreateResult,
  type DiffRequest,
  type DiffResult,
  type UpdateRequest,
} from "../../protocol/provider";
import { diffProperties } from "../diff";
import { textAt, valueAt } from "../paths";
import { anything, boolean, checkProperties, each, number, object, string, type Properties } from "../schema";
import { engineId, parseEngineId, RELEASE, releaseKinds, type ApiServer, type ObjectName } from "./api-server";
import { CHARTS, type ChartModel } from "./charts";
import { generatedName } from "./check-object";
import type { Settings } from "./config";
import { apiVersionOf, kindOfToken } from "./kinds";
import { isUnknownAt, mapAt } from "./values";

/** Arguments of `kubernetes.helm.v3.Release`. */
const PROPERTIES: Properties = {
  ...each(
    boolean(),
    ..."allowNullValues atomic cleanupOnFail createNamespace dependencyUpdate devel disableCRDHooks disableOpenapiValidation disableWebhooks forceUpdate lint recreatePods renderSubchartNotes replace resetValues reuseValues skipAwait skipCrds takeOwnership verify waitForJobs".split(
      " ",
    ),
  ),
  ...each(string(), "compat", "description", "keyring", "name", "namespace", "postrender"),
  ...each(number({ minimum: 0 }), "maxHistory", "timeout"),
  ...each(anything(), "manifest", "resourceNames", "valueYamlFiles", "values"),
  chart: string({ required: true }),
  // The real provider takes the newest version when there is none, and so makes deployments differ from day to day.
  version: string({ required: true }),
  repositoryOpts: object(each(string(), "caFile", "certFile", "keyFile", "password", "repo", "username")),
};

/** Arguments that mean nothing any more, or only to the SDK. */
const DROPPED: readonly string[] = ["compat", "resourceNames"];

const DEFAULT_TIMEOUT_SECONDS = 300;
const NAME = /^(?=.{1,53}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

export function checkRelease(request: CheckRequest, settings: Settings): CheckResult {
  const checked = checkProperties(PROPERTIES, request.news, "the Helm release");
  const failures = [...checked.failures];
  const given = Object.fromEntries(Object.entries(checked.inputs).filter(([name]) => !DROPPED.includes(name)));
  const inputs: PropertyMap = {
    ...given,
    name: given.name ?? request.olds.name ?? generatedName(request),
    namespace: given.namespace ?? settings.namespace,
    ...(valueAt(given, "skipAwait") === true || given.timeout !== undefined
      ? {}
      : { timeout: DEFAULT_TIMEOUT_SECONDS }),
  };

  const name = textAt(inputs, "name");
  if (name !== undefined && !NAME.test(name)) {
    failures.push({
      property: "name",
      reason: `release name ${JSON.stringify(name)} is invalid: lower case letters, digits, "-" and ".", at most 53 characters`,
    });
  }
  failures.push(...chartProblems(inputs));
  return { inputs, failures };
}

function* chartProblems(inputs: PropertyMap): Generator<CheckFailure> {
  const chart = textAt(inputs, "chart");
  if (chart === undefined) return;
  const model = CHARTS[chart];
  if (model === undefined) {
    const known = Object.keys(CHARTS).sort().join(", ");
    yield {
      property: "chart",
      reason: `the simulated clouds have no chart "${chart}"; the table in local/clouds/kubernetes/charts.ts has ${known}`,
    };
    return;
  }
  const repository = valueAt(inputs, "repositoryOpts.repo");
  if (!isUnknownAt(inputs, "repositoryOpts.repo") && trimmed(repository) !== trimmed(model.repository)) {
    yield {
      property: "repositoryOpts.repo",
      reason:
        model.repository === undefined
          ? `chart "${chart}" is an OCI reference and takes no repository`
          : `chart "${chart}" is not in ${typeof repository === "string" ? repository : "the default repository"}; it is in ${model.repository}`,
    };
  }
  const version = textAt(inputs, "version");
  if (version !== undefined && !model.versions.test.test(version)) {
    yield {
      property: "version",
      reason: `chart "${chart}" has no version "${version}"; an exact version looks like "${model.versions.example}"`,
    };
  }
  if (isUnknownAt(inputs, "values")) return;
  const refused = model.refuses?.(mapAt(inputs, "values"));
  if (refused !== undefined) yield { property: "values", reason: refused };
}

function trimmed(repository: unknown): string {
  return typeof repository === "string" ? repository.replace(/\/+$/, "") : "";
}

export function diffRelease({ oldInputs, news, ignoreChanges }: DiffRequest): DiffResult {
  return diffProperties({}, oldInputs, news, { ignoreChanges, alsoReplace: ["name", "namespace"] });
}

export function createRelease({ properties: inputs }: CreateRequest, server: ApiServer): CreateResult {
  const name = releaseName(inputs);
  if (name === undefined)
    throw new ProviderError("the release has no name or namespace; was it checked before it was created?");
  if (server.release(name) !== undefined) {
    throw new ProviderError(
      `cannot re-use a name that is still in use: release ${engineId(name)} exists on cluster "${server.cluster.name}"`,
    );
  }
  prepareNamespace(inputs, name, server);
  refuseForeignDefinitions(inputs, name, server, "install");
  return { id: engineId(name), properties: install(inputs, name, server, 1) };
}

export function updateRelease({ id, news }: UpdateRequest, server: ApiServer): PropertyMap {
  const name = parseEngineId(id);
  const existing = server.release(name);
  if (existing === undefined)
    throw new ProviderError(`"${name.name}" has no deployed releases in namespace "${name.namespace ?? ""}"`);
  refuseForeignDefinitions(news, name, server, "update");
  return install(news, name, server, Number(valueAt(existing.outputs, "status.revision") ?? 1) + 1);
}

/** What a release will be; status and names of its objects are known only afterwards. */
export function previewRelease(inputs: PropertyMap): PropertyMap {
  return { ...inputs, resourceNames: Unknown.value, status: Unknown.value };
}

export function releaseName(inputs: PropertyMap): (ObjectName & { namespace: string }) | undefined {
  const [name, namespace] = [textAt(inputs, "name"), textAt(inputs, "namespace")];
  return name === undefined || namespace === undefined ? undefined : { name, namespace };
}

function install(inputs: PropertyMap, name: ObjectName, server: ApiServer, revision: number): PropertyMap {
  const model = CHARTS[textAt(inputs, "chart") ?? ""];
  if (model === undefined)
    throw new ProviderError(`the simulated clouds have no chart "${textAt(inputs, "chart") ?? ""}"`);
  const missing = valueAt(inputs, "skipAwait") === true ? [] : missingPrerequisites(model, inputs, name, server);
  const version = textAt(inputs, "version") ?? "";
  const outputs: PropertyMap = {
    ...inputs,
    resourceNames: resourceNames(model, inputs, name),
    status: {
      appVersion: model.appVersion(version),
      chart: (textAt(inputs, "chart") ?? "").replace(/^oci:.*\//, ""),
      name: name.name,
      namespace: name.namespace ?? "",
      revision,
      status: missing.length === 0 ? "deployed" : "failed",
      version,
    },
  };
  const id = engineId(name);
  const seconds = Number(valueAt(inputs, "timeout") ?? DEFAULT_TIMEOUT_SECONDS);
  if (missing.length > 0 && valueAt(inputs, "atomic") === true) {
    throw new ProviderError(
      `release ${name.name} failed, and has been rolled back due to atomic being set: ${missing.join("; ")}`,
    );
  }
  server.put(RELEASE, name, inputs, outputs);
  if (missing.length > 0) {
    throw new InitializationFailed(
      id,
      outputs,
      inputs,
      missing.map(
        (reason) =>
          `Helm release "${id}" was created, but failed to initialize completely: not ready after ${seconds} s, because ${reason}`,
      ),
    );
  }
  return outputs;
}

/** Creates the namespace if the release asks for it. As with Helm, nobody owns it and it outlives the release. */
function prepareNamespace(inputs: PropertyMap, { namespace = "default" }: ObjectName, server: ApiServer): void {
  if (server.hasNamespace(namespace)) return;
  if (valueAt(inputs, "createNamespace") !== true) {
    throw new ProviderError(
      `create: failed to create: namespaces "${namespace}" not found; create the Namespace on cluster "${server.cluster.name}" first and refer to it, or set createNamespace`,
    );
  }
  const object: PropertyMap = { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } };
  server.put("kubernetes:core/v1:Namespace", { name: namespace }, object, { ...object, status: { phase: "Active" } });
}

/** Helm installs over a definition only when its labels say that this release owns it. */
function refuseForeignDefinitions(inputs: PropertyMap, name: ObjectName, server: ApiServer, doing: string): void {
  const wanted = releaseKinds(inputs);
  const foreign = server.customKinds().find(({ group, plural, owner }) => {
    const own =
      owner.type === RELEASE &&
      engineId(name) === `${textAt(owner.inputs, "namespace")}/${textAt(owner.inputs, "name")}`;
    return !own && wanted.some((kind) => kind.group === group && kind.plural === plural);
  });
  if (foreign === undefined) return;

  const must = (key: string, value: string, current: string | undefined): string =>
    current === undefined
      ? `missing key "${key}": must be set to "${value}"`
      : `key "${key}" must equal "${value}": current value is "${current}"`;
  const byHelm = foreign.owner.type === RELEASE;
  const [owner, ownerNamespace] = byHelm
    ? [textAt(foreign.owner.inputs, "name"), textAt(foreign.owner.inputs, "namespace")]
    : [];
  const annotations = [
    ...(owner === name.name ? [] : [must("meta.helm.sh/release-name", name.name, owner)]),
    ...(ownerNamespace === name.namespace
      ? []
      : [must("meta.helm.sh/release-namespace", name.namespace ?? "", ownerNamespace)]),
  ].map((problem) => `annotation validation error: ${problem}`);
  const label = byHelm ? [] : [`label validation error: ${must("app.kubernetes.io/managed-by", "Helm", undefined)}`];
  throw new ProviderError(
    `Unable to continue with ${doing}: CustomResourceDefinition "${foreign.plural}.${foreign.group}" in namespace "" exists and ` +
      `cannot be imported into the current release: invalid ownership metadata; ${[...label, ...annotations].join("; ")}`,
  );
}

function missingPrerequisites(
  model: ChartModel,
  inputs: PropertyMap,
  { namespace }: ObjectName,
  server: ApiServer,
): string[] {
  const kinds = (model.needsKinds?.(mapAt(inputs, "values")) ?? [])
    .filter(({ kind }) => server.served(kind) === undefined)
    .map(({ kind, because }) => `the cluster does not serve ${apiVersionOf(kind)}/${kind.kind}: ${because}`);
  const secrets = (model.needsSecrets?.(mapAt(inputs, "values")) ?? []).flatMap(({ name, keys }) => {
    const secret = server.find(kindOfToken("kubernetes:core/v1:Secret"), { namespace, name });
    if (secret === undefined)
      return [`secret "${name}" not found in namespace "${namespace ?? ""}"; create it before the release`];
    const data = mapAt(secret.outputs, "data");
    const absent = keys.filter((key) => data[key] === undefined);
    return absent.length === 0 ? [] : [`secret "${name}" has no key ${absent.join(", ")}`];
  });
  return [...kinds, ...secrets];
}

function resourceNames(model: ChartModel, inputs: PropertyMap, { namespace }: ObjectName): PropertyMap {
  const definitions = [...new Set(releaseKinds(inputs).map(({ plural, group }) => `${plural}.${group}`))].sort();
  const names: Record<string, string[]> = {};
  if (definitions.length > 0)
    names["CustomResourceDefinition.apiextensions.k8s.io/apiextensions.k8s.io/v1"] = definitions;
  for (const workload of [...model.workloads].sort()) {
    const [kind = "", name = ""] = workload.split("/");
    const group = kind === "CronJob" ? "batch" : "apps";
    (names[`${kind}.${group}/${group}/v1`] ??= []).push(`${namespace ?? ""}/${name}`);
  }
  return names;
}
