import * as grpc from "@grpc/grpc-js";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import type { Struct } from "google-protobuf/google/protobuf/struct_pb";
import { PluginAttach } from "@pulumi/pulumi/proto/plugin_pb";
import { ResourceProviderClient } from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as pb from "@pulumi/pulumi/proto/provider_pb";
import { Status } from "@pulumi/pulumi/proto/status_pb";

import {
  annotateSecrets,
  decode,
  encode,
  isPropertyMap,
  mapValues,
  ResourceReference,
  Secret,
  Unknown,
} from "./property";
import type { PropertyMap, PropertyValue } from "./property";
import { AnswerLost, InitializationFailed, ProviderError } from "./provider";
import type {
  CheckFailure,
  CheckRequest,
  CheckResult,
  DiffRequest,
  DiffResult,
  PropertyDiffKind,
  Provider,
} from "./provider";
import { urnName, urnType } from "./urn";

const KINDS: readonly PropertyDiffKind[] = [
  "add",
  "add-replace",
  "delete",
  "delete-replace",
  "update",
  "update-replace",
];
const CHANGES = ["unknown", "none", "some"] as const;

type Done<Response> = (error: grpc.ServiceError | null, response: Response) => void;

/** What a provider takes in the form that it is in; anything else is unwrapped before it is sent. */
interface Accepts {
  readonly secrets: boolean;
  readonly resources: boolean;
}

/**
 * Connects to a provider server that listens on a port of this host, as the real engine attaches to the servers of
 * `PULUMI_DEBUG_PROVIDERS`. Each connection is one provider instance, to be configured once.
 */
export async function connect(port: number): Promise<Provider> {
  const client = new ResourceProviderClient(`127.0.0.1:${port}`, grpc.credentials.createInsecure(), {
    "grpc.max_receive_message_length": 400 * 1024 * 1024,
  });
  const connection = new ProviderConnection(client);
  await connection.attach(`127.0.0.1:${port}`);
  return connection;
}

class ProviderConnection implements Provider {
  private accepts: Accepts = { secrets: false, resources: false };
  /** A server that answers the handshake says there what it accepts; an older one says it when it is configured. */
  private shookHands = false;
  private previews = false;

  constructor(private readonly client: ResourceProviderClient) {}

  async attach(address: string): Promise<void> {
    const request = new pb.ProviderHandshakeRequest()
      .setEngineAddress(address)
      .setConfigureWithUrn(true)
      .setInvokeWithPreview(true);
    try {
      const answer = await this.call<pb.ProviderHandshakeResponse>((done) => this.client.handshake(request, done));
      this.accepts = { secrets: answer.getAcceptSecrets(), resources: answer.getAcceptResources() };
      this.shookHands = true;
      this.previews = true;
    } catch (error) {
      if (!(error instanceof ProviderError) || error.cause !== grpc.status.UNIMPLEMENTED) throw error;
    }
    await this.call((done) => this.client.attach(new PluginAttach().setAddress(address), done));
  }

  async checkConfig(request: CheckRequest): Promise<CheckResult> {
    return this.checkWith((sent, done) => this.client.checkConfig(sent, done), request);
  }

  async diffConfig(request: DiffRequest): Promise<DiffResult> {
    return this.diffWith((sent, done) => this.client.diffConfig(sent, done), request);
  }

  async configure(args: PropertyMap): Promise<void> {
    const request = new pb.ConfigureRequest()
      .setArgs(encode(args))
      .setAcceptsecrets(true)
      .setAcceptresources(true)
      .setSendsOldInputs(true)
      .setSendsOldInputsToDelete(true);
    const answer = await this.call<pb.ConfigureResponse>((done) => this.client.configure(request, done));
    if (this.shookHands) return;
    this.accepts = { secrets: answer.getAcceptsecrets(), resources: answer.getAcceptresources() };
    this.previews = answer.getSupportspreview();
  }

  async check(request: CheckRequest): Promise<CheckResult> {
    return this.checkWith((sent, done) => this.client.check(sent, done), request);
  }

  async diff(request: DiffRequest): Promise<DiffResult> {
    return this.diffWith((sent, done) => this.client.diff(sent, done), request);
  }

  async create({ urn, properties, preview, timeout }: Parameters<Provider["create"]>[0]) {
    if (preview && !this.previews) return { id: "", properties };
    const request = new pb.CreateRequest()
      .setUrn(urn)
      .setName(urnName(urn))
      .setType(urnType(urn))
      .setProperties(this.encode(properties))
      .setPreview(preview)
      .setTimeout(timeout);
    const answer = await this.call<pb.CreateResponse>((done) => this.client.create(request, done));
    return { id: answer.getId(), properties: this.outputs(answer.getProperties(), properties) };
  }

  async read({ urn, id, properties, inputs }: Parameters<Provider["read"]>[0]) {
    const request = new pb.ReadRequest()
      .setUrn(urn)
      .setName(urnName(urn))
      .setType(urnType(urn))
      .setId(id)
      .setProperties(this.encode(properties))
      .setInputs(this.encode(inputs));
    const answer = await this.call<pb.ReadResponse>((done) => this.client.read(request, done));
    if (answer.getId() === "") return null;
    return {
      id: answer.getId(),
      properties: this.outputs(answer.getProperties(), { ...properties, ...inputs }),
      // A provider that says nothing of the inputs means that they are as they were.
      inputs: answer.hasInputs() ? this.outputs(answer.getInputs(), inputs) : inputs,
    };
  }

  async update(update: Parameters<Provider["update"]>[0]): Promise<PropertyMap> {
    if (update.preview && !this.previews) return update.news;
    const { urn } = update;
    const request = new pb.UpdateRequest()
      .setUrn(urn)
      .setName(urnName(urn))
      .setType(urnType(urn))
      .setId(update.id)
      .setOlds(this.encode(update.olds))
      .setOldInputs(this.encode(update.oldInputs))
      .setNews(this.encode(update.news))
      .setPreview(update.preview)
      .setTimeout(update.timeout)
      .setIgnorechangesList([...update.ignoreChanges]);
    const answer = await this.call<pb.UpdateResponse>((done) => this.client.update(request, done));
    return this.outputs(answer.getProperties(), update.news);
  }

  async delete({ urn, id, properties, oldInputs, timeout }: Parameters<Provider["delete"]>[0]): Promise<void> {
    const request = new pb.DeleteRequest()
      .setUrn(urn)
      .setName(urnName(urn))
      .setType(urnType(urn))
      .setId(id)
      .setProperties(this.encode(properties))
      .setOldInputs(this.encode(oldInputs))
      .setTimeout(timeout);
    await this.call((done) => this.client.delete(request, done));
  }

  async invoke({ token, args }: Parameters<Provider["invoke"]>[0]) {
    const answer = await this.call<pb.InvokeResponse>((done) =>
      this.client.invoke(new pb.InvokeRequest().setTok(token).setArgs(this.encode(args)), done),
    );
    return { properties: decode(answer.getReturn()), failures: failuresOf(answer.getFailuresList()) };
  }

  async close(): Promise<void> {
    try {
      await this.call((done) => this.client.cancel(new Empty(), done));
    } catch {
      // A server that is gone, or that has nothing to cancel, is closed already.
    }
    this.client.close();
  }

  private async checkWith(
    method: (request: pb.CheckRequest, done: Done<pb.CheckResponse>) => void,
    check: CheckRequest,
  ): Promise<CheckResult> {
    const request = new pb.CheckRequest()
      .setUrn(check.urn)
      .setName(urnName(check.urn))
      .setType(urnType(check.urn))
      .setOlds(this.encode(check.olds))
      .setNews(this.encode(check.news))
      .setRandomseed(check.randomSeed ?? new Uint8Array());
    const answer = await this.call<pb.CheckResponse>((done) => method(request, done));
    return { inputs: this.outputs(answer.getInputs(), check.news), failures: failuresOf(answer.getFailuresList()) };
  }

  private async diffWith(
    method: (request: pb.DiffRequest, done: Done<pb.DiffResponse>) => void,
    diff: DiffRequest,
  ): Promise<DiffResult> {
    const request = new pb.DiffRequest()
      .setUrn(diff.urn)
      .setName(urnName(diff.urn))
      .setType(urnType(diff.urn))
      .setId(diff.id)
      .setOlds(this.encode(diff.olds))
      .setOldInputs(this.encode(diff.oldInputs))
      .setNews(this.encode(diff.news))
      .setIgnorechangesList([...diff.ignoreChanges]);
    const answer = await this.call<pb.DiffResponse>((done) => method(request, done));
    const details = [...answer.getDetaileddiffMap().entries()].map(
      ([path, item]) => [path, { kind: KINDS[item.getKind()] ?? "update", inputDiff: item.getInputdiff() }] as const,
    );
    return {
      changes: CHANGES[answer.getChanges()] ?? "unknown",
      diffs: answer.getDiffsList(),
      replaces: answer.getReplacesList(),
      deleteBeforeReplace: answer.getDeletebeforereplace(),
      detailedDiff: Object.fromEntries(details),
    };
  }

  private encode(map: PropertyMap): Struct {
    return encode(mapValues(map, (value) => this.adapt(value)));
  }

  private adapt(value: PropertyValue): PropertyValue {
    if (value instanceof Secret) {
      const inner = this.adapt(value.value);
      return this.accepts.secrets ? new Secret(inner) : inner;
    }
    if (value instanceof ResourceReference) {
      // Providers see "" for the id of a resource that does not exist yet.
      if (this.accepts.resources) return value.id instanceof Unknown ? new ResourceReference(value.urn, "") : value;
      return value.id ?? value.urn;
    }
    if (Array.isArray(value)) return value.map((item: PropertyValue) => this.adapt(item));
    return isPropertyMap(value) ? mapValues(value, (item) => this.adapt(item)) : value;
  }

  /** Outputs of a provider that does not know secrets: a property whose input was secret is secret again. */
  private outputs(answer: Struct | undefined, inputs: PropertyMap): PropertyMap {
    const outputs = decode(answer);
    return this.accepts.secrets ? outputs : annotateSecrets(outputs, inputs);
  }

  private call<Response>(start: (done: Done<Response>) => void): Promise<Response> {
    return new Promise((resolve, reject) => {
      start((error, response) => (error === null ? resolve(response) : reject(errorOf(error))));
    });
  }
}

function failuresOf(failures: readonly pb.CheckFailure[]): CheckFailure[] {
  return failures.map((failure) => ({ property: failure.getProperty(), reason: failure.getReason() }));
}

/** The provider's own error: its text, or the half-made resource that the details of the status describe. */
function errorOf(error: grpc.ServiceError): Error {
  for (const bytes of error.metadata.get("grpc-status-details-bin")) {
    if (typeof bytes === "string") continue;
    for (const detail of Status.deserializeBinary(bytes).getDetailsList()) {
      if (!detail.getTypeUrl().endsWith("pulumirpc.ErrorResourceInitFailed")) continue;
      const failed = pb.ErrorResourceInitFailed.deserializeBinary(detail.getValue_asU8());
      return new InitializationFailed(
        failed.getId(),
        decode(failed.getProperties()),
        decode(failed.getInputs()),
        failed.getReasonsList(),
      );
    }
  }
  // A server that refuses an operation answers UNKNOWN; this is the transport's own word for "no answer".
  if (error.code === grpc.status.UNAVAILABLE) return new AnswerLost(error.details);
  return new ProviderError(error.details, { cause: error.code });
}
