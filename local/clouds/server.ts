import { createRequire } from "node:module";

import * as grpc from "@grpc/grpc-js";
import { ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as provider from "@pulumi/pulumi/proto/provider_pb";
import { PluginInfo } from "@pulumi/pulumi/proto/plugin_pb";
import { Status } from "@pulumi/pulumi/proto/status_pb";
import { Any } from "google-protobuf/google/protobuf/any_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";

import { decode, encode } from "../protocol/property";
import {
  AnswerLost,
  InitializationFailed,
  type CheckFailure,
  type DiffResult,
  type Provider,
  type ProviderHost,
} from "../protocol/provider";

/** Bytes of a message; as much as Pulumi's own SDK allows. */
const MESSAGE_LIMIT = 400 * 1024 * 1024;

/** The version that a provider tells the engine: that of the installed SDK, which engines compare it with. */
function versionOf(pkg: string): string {
  try {
    const { version } = createRequire(__filename)(`@pulumi/${pkg}/package.json`) as { readonly version: string };
    return version;
  } catch {
    return "0.0.1";
  }
}

const CHANGES = {
  unknown: provider.DiffResponse.DiffChanges.DIFF_UNKNOWN,
  none: provider.DiffResponse.DiffChanges.DIFF_NONE,
  some: provider.DiffResponse.DiffChanges.DIFF_SOME,
} as const;

const KINDS = {
  add: provider.PropertyDiff.Kind.ADD,
  "add-replace": provider.PropertyDiff.Kind.ADD_REPLACE,
  delete: provider.PropertyDiff.Kind.DELETE,
  "delete-replace": provider.PropertyDiff.Kind.DELETE_REPLACE,
  update: provider.PropertyDiff.Kind.UPDATE,
  "update-replace": provider.PropertyDiff.Kind.UPDATE_REPLACE,
} as const;

/** Providers that are being served. */
export interface ServedClouds {
  /** TCP port on 127.0.0.1 by package. */
  readonly ports: Readonly<Record<string, number>>;
  /** Stops at once, whatever is under way. */
  close(): Promise<void>;
}

/** Serves a provider of each package over gRPC, each on a port of its own on 127.0.0.1. */
export async function serveClouds(clouds: ProviderHost, packages: readonly string[]): Promise<ServedClouds> {
  const servers: grpc.Server[] = [];
  const ports: Record<string, number> = {};
  for (const pkg of packages) {
    const server = new grpc.Server({
      "grpc.max_receive_message_length": MESSAGE_LIMIT,
      "grpc.max_send_message_length": MESSAGE_LIMIT,
    });
    server.addService(
      ResourceProviderService,
      implementation(() => clouds.open(pkg), versionOf(pkg)),
    );
    servers.push(server);
    ports[pkg] = await new Promise<number>((resolve, reject) => {
      server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) =>
        error === null ? resolve(port) : reject(error),
      );
    });
  }
  return {
    ports,
    close: async () => {
      for (const server of servers) server.forceShutdown();
    },
  };
}

/**
 * The service over instances of a provider. Requests carry no instance id, and an engine opens one connection for each
 * provider resource, so that a connection is an instance.
 */
function implementation(open: () => Promise<Provider>, version: string): grpc.UntypedServiceImplementation {
  const instances = new Map<string, Promise<Provider>>();
  const instanceOf = (peer: string): Promise<Provider> => {
    const known = instances.get(peer);
    if (known !== undefined) return known;
    const opened = open();
    instances.set(peer, opened);
    return opened;
  };
  const handle =
    <Request, Response>(
      handler: (instance: Provider, request: Request) => Promise<Response>,
    ): grpc.handleUnaryCall<Request, Response> =>
    (call, callback) => {
      instanceOf(call.getPeer())
        .then((instance) => handler(instance, call.request))
        .then(
          (response) => callback(null, response),
          (error: unknown) => callback(statusOf(error)),
        );
    };

  return {
    handshake: handle<provider.ProviderHandshakeRequest, provider.ProviderHandshakeResponse>(async () =>
      new provider.ProviderHandshakeResponse().setAcceptSecrets(true),
    ),
    attach: handle(async () => new Empty()),
    getPluginInfo: handle(async () => new PluginInfo().setVersion(version)),
    getSchema: handle(async () => new provider.GetSchemaResponse().setSchema("{}")),
    getMapping: handle(async () => new provider.GetMappingResponse()),
    checkConfig: handle<provider.CheckRequest, provider.CheckResponse>(async (instance, request) => {
      return checkResponse(await instance.checkConfig(checkRequest(request)));
    }),
    diffConfig: handle<provider.DiffRequest, provider.DiffResponse>(async (instance, request) => {
      return diffResponse(await instance.diffConfig(diffRequest(request)));
    }),
    configure: handle<provider.ConfigureRequest, provider.ConfigureResponse>(async (instance, request) => {
      await instance.configure(decode(request.getArgs()));
      return new provider.ConfigureResponse().setAcceptsecrets(true).setSupportspreview(true);
    }),
    check: handle<provider.CheckRequest, provider.CheckResponse>(async (instance, request) => {
      return checkResponse(await instance.check(checkRequest(request)));
    }),
    diff: handle<provider.DiffRequest, provider.DiffResponse>(async (instance, request) => {
      return diffResponse(await instance.diff(diffRequest(request)));
    }),
    create: handle<provider.CreateRequest, provider.CreateResponse>(async (instance, request) => {
      const { id, properties } = await instance.create({
        urn: request.getUrn(),
        properties: decode(request.getProperties()),
        preview: request.getPreview(),
        timeout: request.getTimeout(),
      });
      return new provider.CreateResponse().setId(id).setProperties(encode(properties));
    }),
    read: handle<provider.ReadRequest, provider.ReadResponse>(async (instance, request) => {
      const found = await instance.read({
        urn: request.getUrn(),
        id: request.getId(),
        properties: decode(request.getProperties()),
        inputs: decode(request.getInputs()),
      });
      // No id: the resource does not exist.
      if (found === null) return new provider.ReadResponse();
      return new provider.ReadResponse()
        .setId(found.id)
        .setProperties(encode(found.properties))
        .setInputs(encode(found.inputs));
    }),
    update: handle<provider.UpdateRequest, provider.UpdateResponse>(async (instance, request) => {
      const properties = await instance.update({
        urn: request.getUrn(),
        id: request.getId(),
        olds: decode(request.getOlds()),
        oldInputs: decode(request.getOldInputs()),
        news: decode(request.getNews()),
        preview: request.getPreview(),
        timeout: request.getTimeout(),
        ignoreChanges: request.getIgnorechangesList(),
      });
      return new provider.UpdateResponse().setProperties(encode(properties));
    }),
    delete: handle<provider.DeleteRequest, Empty>(async (instance, request) => {
      await instance.delete({
        urn: request.getUrn(),
        id: request.getId(),
        properties: decode(request.getProperties()),
        oldInputs: decode(request.getOldInputs()),
        timeout: request.getTimeout(),
      });
      return new Empty();
    }),
    invoke: handle<provider.InvokeRequest, provider.InvokeResponse>(async (instance, request) => {
      const { properties, failures } = await instance.invoke({
        token: request.getTok(),
        args: decode(request.getArgs()),
      });
      return new provider.InvokeResponse().setReturn(encode(properties)).setFailuresList(failures.map(failureOf));
    }),
    cancel: ((call, callback) => {
      // Sent at the end of every run, once on each connection.
      const instance = instances.get(call.getPeer());
      instances.delete(call.getPeer());
      Promise.resolve(instance)
        .then((opened) => opened?.close())
        .then(
          () => callback(null, new Empty()),
          (error: unknown) => callback(statusOf(error)),
        );
    }) satisfies grpc.handleUnaryCall<Empty, Empty>,
  };
}

function checkRequest(request: provider.CheckRequest): Parameters<Provider["check"]>[0] {
  const seed = request.getRandomseed_asU8();
  return {
    urn: request.getUrn(),
    olds: decode(request.getOlds()),
    news: decode(request.getNews()),
    ...(seed.length === 0 ? {} : { randomSeed: seed }),
  };
}

function checkResponse({ inputs, failures }: Awaited<ReturnType<Provider["check"]>>): provider.CheckResponse {
  return new provider.CheckResponse().setInputs(encode(inputs)).setFailuresList(failures.map(failureOf));
}

function failureOf({ property, reason }: CheckFailure): provider.CheckFailure {
  return new provider.CheckFailure().setProperty(property).setReason(reason);
}

function diffRequest(request: provider.DiffRequest): Parameters<Provider["diff"]>[0] {
  return {
    urn: request.getUrn(),
    id: request.getId(),
    olds: decode(request.getOlds()),
    oldInputs: decode(request.getOldInputs()),
    news: decode(request.getNews()),
    ignoreChanges: request.getIgnorechangesList(),
  };
}

function diffResponse(result: DiffResult): provider.DiffResponse {
  const response = new provider.DiffResponse()
    .setChanges(CHANGES[result.changes])
    .setDiffsList([...result.diffs])
    .setReplacesList([...result.replaces])
    .setDeletebeforereplace(result.deleteBeforeReplace)
    .setHasdetaileddiff(Object.keys(result.detailedDiff).length > 0);
  for (const [path, { kind, inputDiff }] of Object.entries(result.detailedDiff)) {
    response.getDetaileddiffMap().set(path, new provider.PropertyDiff().setKind(KINDS[kind]).setInputdiff(inputDiff));
  }
  return response;
}

/** An error as gRPC carries it: the message alone, and for a half-made resource what there is of it. */
function statusOf(error: unknown): Partial<grpc.StatusObject> {
  const details = error instanceof Error ? error.message : String(error);
  if (error instanceof AnswerLost) return { code: grpc.status.UNAVAILABLE, details };
  if (!(error instanceof InitializationFailed)) return { code: grpc.status.UNKNOWN, details };
  const failed = new provider.ErrorResourceInitFailed()
    .setId(error.id)
    .setProperties(encode(error.properties))
    .setInputs(encode(error.inputs))
    .setReasonsList([...error.reasons]);
  const any = new Any();
  any.pack(failed.serializeBinary(), "pulumirpc.ErrorResourceInitFailed");
  const status = new Status().setCode(grpc.status.UNKNOWN).setMessage(details).setDetailsList([any]);
  const metadata = new grpc.Metadata();
  metadata.set("grpc-status-details-bin", Buffer.from(status.serializeBinary()));
  return { code: grpc.status.UNKNOWN, details, metadata };
}
