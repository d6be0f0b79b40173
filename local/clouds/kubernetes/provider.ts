import { equals, unwrapSecrets, type PropertyMap } from "../../protocol/property";
import {
  LOOKUP,
  ProviderError,
  type CheckRequest,
  type CheckResult,
  type CreateRequest,
  type CreateResult,
  type DeleteRequest,
  type DiffRequest,
  type DiffResult,
  type InvokeRequest,
  type InvokeResult,
  type Provider,
  type ReadRequest,
  type ReadResult,
  type UpdateRequest,
} from "../../protocol/provider";
import { urnType } from "../../protocol/urn";
import type { Ledger } from "../ledger";
import { textAt } from "../paths";
import { ApiServer, engineId, parseEngineId, RELEASE, type ObjectName } from "./api-server";
import { checkObject } from "./check-object";
import { findCluster, forgetLostClusters } from "./clusters";
import { checkConfig, diffConfig, readSettings, UNCONFIGURED, type Settings } from "./config";
import { activeInputs } from "./field-managers";
import { deleteObject } from "./finalizers";
import { kindOfToken } from "./kinds";
import { previewedObject } from "./live";
import { createObject, diffObject, lookUpName, updateObject } from "./objects";
import { checkRelease, createRelease, diffRelease, previewRelease, releaseName, updateRelease } from "./release";
import { mapAt } from "./values";

/**
 * The `kubernetes` package against the clusters of the simulated clouds: an API server and Helm, as seen through
 * pulumi-kubernetes 4.34.
 *
 * The cluster is the EKS or AKS cluster of the ledger whose endpoint is the server of the kubeconfig. In the ledger an
 * object's id is the one that the engine sees, `namespace/name`, and its scope is the cluster.
 */
export class KubernetesProvider implements Provider {
  private readonly ledger: Ledger;
  private settings: Settings = UNCONFIGURED;

  constructor({ ledger }: { readonly ledger: Ledger }) {
    this.ledger = ledger;
  }

  async checkConfig({ news }: CheckRequest): Promise<CheckResult> {
    return { inputs: news, failures: checkConfig(news) };
  }

  async diffConfig(request: DiffRequest): Promise<DiffResult> {
    return diffConfig(request);
  }

  async configure(args: PropertyMap): Promise<void> {
    this.settings = readSettings(args);
  }

  async check(request: CheckRequest): Promise<CheckResult> {
    const token = urnType(request.urn);
    if (token === RELEASE) return checkRelease(request, this.settings);
    const server = this.connect();
    return checkObject(request, kindOfToken(token), this.settings, typeof server === "string" ? undefined : server);
  }

  async diff(request: DiffRequest): Promise<DiffResult> {
    const token = urnType(request.urn);
    return token === RELEASE ? diffRelease(request) : diffObject(request, kindOfToken(token), this.settings);
  }

  async create(request: CreateRequest): Promise<CreateResult> {
    const token = urnType(request.urn);
    if (request.preview) return { id: "", properties: preview(token, request.properties) };
    if (token === RELEASE)
      return createRelease(request, this.reach("can't create Helm Release with unreachable cluster"));
    return createObject(request, token, kindOfToken(token), this.reach(), this.settings);
  }

  async read({ urn, id }: ReadRequest): Promise<ReadResult | null> {
    const server = this.connect();
    if (typeof server === "string") {
      if (this.settings.deleteUnreachable) return null;
      throw new ProviderError(
        `failed to read resource state due to unreachable cluster: ${server}. If the cluster was deleted, set deleteUnreachable on the provider`,
      );
    }
    const token = urnType(urn);
    const name = parseEngineId(id);
    const entry = token === RELEASE ? server.release(name) : server.find(kindOfToken(token), name);
    if (entry === undefined) return null;
    return { id, properties: entry.outputs, inputs: activeInputs(entry.inputs, entry.outputs) };
  }

  async update(request: UpdateRequest): Promise<PropertyMap> {
    const token = urnType(request.urn);
    if (request.preview) return preview(token, request.news, request.olds);
    if (token === RELEASE)
      return updateRelease(request, this.reach("can't update Helm Release with unreachable cluster"));
    return updateObject(request, token, kindOfToken(token), this.reach(), this.settings);
  }

  /** Deleting what is gone succeeds. On a lost cluster it needs `deleteUnreachable`, which Helm releases never heed. */
  async delete({ urn, id }: DeleteRequest): Promise<void> {
    const token = urnType(urn);
    const server = this.connect();
    if (typeof server !== "string") return remove(urn, token, parseEngineId(id), server);
    if (token === RELEASE) {
      // https://github.com/pulumi/pulumi-kubernetes/issues/2675
      throw new ProviderError(
        `can't delete Helm Release with unreachable cluster. Reason: ${JSON.stringify(server)}. Give the release the option deletedWith: its cluster`,
      );
    }
    if (this.settings.deleteUnreachable) return forgetLostClusters(this.ledger);
    throw new ProviderError(
      `configured Kubernetes cluster is unreachable: ${server}. If the cluster was deleted, set deleteUnreachable on the ` +
        "provider, or give the object the option deletedWith: its cluster",
    );
  }

  /** Serves `isthmus:local:lookup {type, inputs}`: the id of the object that those checked inputs made. */
  async invoke({ token, args }: InvokeRequest): Promise<InvokeResult> {
    if (token !== LOOKUP) {
      throw new ProviderError(`the simulated kubernetes provider has no function ${token}`);
    }
    const server = this.connect();
    const type = textAt(args, "type") ?? "";
    const inputs = mapAt(args, "inputs");
    if (typeof server === "string") return { properties: {}, failures: [] };
    const name = type === RELEASE ? releaseName(inputs) : lookUpName(inputs, kindOfToken(type), server);
    const found = name && (type === RELEASE ? server.release(name) : server.find(kindOfToken(type), name));
    const same = found !== undefined && equals(unwrapSecrets(found.inputs), unwrapSecrets(inputs));
    return { properties: name !== undefined && same ? { id: engineId(name) } : {}, failures: [] };
  }

  async close(): Promise<void> {}

  /** The cluster's API server, or why it cannot be reached. Asked anew each time: clusters come and go. */
  private connect(): ApiServer | string {
    const cluster = findCluster(this.ledger, this.settings);
    return typeof cluster === "string" ? cluster : new ApiServer(this.ledger, cluster);
  }

  private reach(sentence = "configured Kubernetes cluster is unreachable"): ApiServer {
    const server = this.connect();
    if (typeof server === "string") throw new ProviderError(`${sentence}: ${server}`);
    return server;
  }
}

function remove(urn: string, token: string, name: ObjectName, server: ApiServer): void {
  const kind = server.served(kindOfToken(token));
  // What is not served any more went with its definition.
  if (token === RELEASE || kind === undefined) return server.remove(token, name);
  deleteObject(urn, kind, name, server);
}

function preview(token: string, inputs: PropertyMap, previous?: PropertyMap): PropertyMap {
  return token === RELEASE ? previewRelease(inputs) : previewedObject(kindOfToken(token), inputs, previous);
}
