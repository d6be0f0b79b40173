import * as grpc from "@grpc/grpc-js";
import { ResourceProviderClient } from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as pb from "@pulumi/pulumi/proto/provider_pb";
import { Status } from "@pulumi/pulumi/proto/status_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";

import { SimulatedClouds } from "../../../local/clouds";
import { exportLine } from "../../../local/clouds/serve";
import { serveClouds, type ServedClouds } from "../../../local/clouds/server";
import { decode, encode, Secret, Unknown, type PropertyMap } from "../../../local/protocol/property";
import { InitializationFailed, type Provider } from "../../../local/protocol/provider";
import { urn } from "./tenant";

const VPC = "aws:ec2/vpc:Vpc";

let clouds: SimulatedClouds;
let served: ServedClouds;
let clients: ResourceProviderClient[];
beforeEach(async () => {
  clouds = new SimulatedClouds();
  served = await serveClouds(clouds, ["aws", "azure-native"]);
  clients = [];
});
afterEach(async () => {
  for (const client of clients) client.close();
  await served.close();
});

/** A client on a connection of its own, as engines open one for each provider resource. */
function connect(port: number | undefined): ResourceProviderClient {
  const client = new ResourceProviderClient(`127.0.0.1:${port}`, grpc.credentials.createInsecure(), {
    "grpc.use_local_subchannel_pool": 1,
  });
  clients.push(client);
  return client;
}

type Answer<T> = (error: grpc.ServiceError | null, response: T) => void;

function call<T>(send: (answer: Answer<T>) => void): Promise<T> {
  return new Promise((resolve, reject) =>
    send((error, response) => (error === null ? resolve(response) : reject(error))),
  );
}

async function configured(region: string): Promise<ResourceProviderClient> {
  const client = connect(served.ports.aws);
  await call<pb.ConfigureResponse>((answer) =>
    client.configure(new pb.ConfigureRequest().setArgs(encode({ region })), answer),
  );
  return client;
}

function create(
  client: ResourceProviderClient,
  type: string,
  inputs: PropertyMap,
  preview = false,
): Promise<pb.CreateResponse> {
  const request = new pb.CreateRequest().setUrn(urn(type, "x")).setProperties(encode(inputs)).setPreview(preview);
  return call((answer) => client.create(request, answer));
}

test("two connections are two providers, each with its own configuration", async () => {
  const [east, west] = [await configured("us-east-1"), await configured("eu-west-1")];
  const [first, second] = await Promise.all(
    [east, west].map((client) => create(client, VPC, { cidrBlock: "10.0.0.0/16" })),
  );
  expect(decode(first?.getProperties()).region).toBe("us-east-1");
  expect(decode(second?.getProperties()).region).toBe("eu-west-1");
  expect(
    clouds.ledger
      .list()
      .map(({ scope }) => scope)
      .sort(),
  ).toEqual(["123456789012/eu-west-1", "123456789012/us-east-1"]);
});

test("secrets and unknowns cross the wire as what they are", async () => {
  const client = await configured("eu-west-1");
  const inputs = { cidrBlock: "10.0.0.0/16", tags: new Secret({ token: "hunter22" }) };
  const planned = decode((await create(client, VPC, inputs, true)).getProperties());
  expect([planned.arn, planned.tags]).toEqual([Unknown.value, new Secret({ token: "hunter22" })]);
  const made = decode((await create(client, VPC, inputs)).getProperties());
  expect([made.tags, made.tagsAll]).toEqual([new Secret({ token: "hunter22" }), new Secret({ token: "hunter22" })]);
});

test("a whole life over the wire: check, create, diff, update, read, delete", async () => {
  const client = await configured("eu-west-1");
  const check = new pb.CheckRequest().setUrn(urn(VPC, "x")).setNews(encode({ cidrBlok: "10.0.0.0/16" }));
  const checked = await call<pb.CheckResponse>((answer) => client.check(check, answer));
  expect(checked.getFailuresList().map((failure) => failure.toObject())).toEqual([
    { property: "cidrBlok", reason: `${VPC} has no property "cidrBlok"; did you mean "cidrBlock"?` },
  ]);

  const inputs = { cidrBlock: "10.0.0.0/16" };
  const made = await create(client, VPC, inputs);
  const news = { cidrBlock: "10.1.0.0/16", tags: { a: "b" } };
  const diff = new pb.DiffRequest()
    .setUrn(urn(VPC, "x"))
    .setId(made.getId())
    .setOldInputs(encode(inputs))
    .setNews(encode(news));
  const difference = await call<pb.DiffResponse>((answer) => client.diff(diff, answer));
  expect(difference.getChanges()).toBe(pb.DiffResponse.DiffChanges.DIFF_SOME);
  expect(difference.getReplacesList()).toEqual(["cidrBlock"]);
  expect(difference.getDetaileddiffMap().get("tags")?.getKind()).toBe(pb.PropertyDiff.Kind.ADD);

  const update = new pb.UpdateRequest()
    .setUrn(urn(VPC, "x"))
    .setId(made.getId())
    .setOldInputs(encode(inputs))
    .setNews(encode({ ...inputs, tags: { a: "b" } }));
  const updated = await call<pb.UpdateResponse>((answer) => client.update(update, answer));
  expect(decode(updated.getProperties()).tagsAll).toEqual({ a: "b" });

  const read = new pb.ReadRequest().setUrn(urn(VPC, "x")).setId(made.getId());
  const found = await call<pb.ReadResponse>((answer) => client.read(read, answer));
  expect(decode(found.getInputs())).toEqual({ ...inputs, tags: { a: "b" } });
  await call<Empty>((answer) =>
    client.delete(new pb.DeleteRequest().setUrn(urn(VPC, "x")).setId(made.getId()), answer),
  );
  const gone = await call<pb.ReadResponse>((answer) => client.read(read, answer));
  expect([gone.getId(), clouds.ledger.list()]).toEqual(["", []]);
});

test("a refusal is the message alone", async () => {
  const client = await configured("eu-west-1");
  await expect(create(client, VPC, { cidrBlock: "10.0.0.0/8" })).rejects.toMatchObject({
    code: grpc.status.UNKNOWN,
    details: "creating EC2 VPC: api error InvalidVpc.Range: The CIDR '10.0.0.0/8' is invalid.",
  });
});

test("functions answer, and the plugin tells the version of its SDK", async () => {
  const client = await configured("eu-west-1");
  const request = new pb.InvokeRequest().setTok("aws:index/getPartition:getPartition");
  const response = await call<pb.InvokeResponse>((answer) => client.invoke(request, answer));
  expect(decode(response.getReturn()).partition).toBe("aws");
  const info = await call<{ getVersion(): string }>((answer) => client.getPluginInfo(new Empty(), answer));
  const { version } = jest.requireActual<{ readonly version: string }>("@pulumi/aws/package.json");
  expect(info.getVersion()).toBe(version);
  const handshake = await call<pb.ProviderHandshakeResponse>((answer) =>
    client.handshake(new pb.ProviderHandshakeRequest(), answer),
  );
  expect([handshake.getAcceptSecrets(), handshake.getAcceptResources()]).toEqual([true, false]);
});

test("a resource that exists but is not ready is told with its id, state and reasons", async () => {
  const failing: Pick<Provider, "create"> = {
    create: () => Promise.reject(new InitializationFailed("id-1", { a: 1 }, { b: 2 }, ["pods are pending"])),
  };
  const half = await serveClouds({ open: () => Promise.resolve(failing as Provider) }, ["half"]);
  try {
    const error = await create(connect(half.ports.half), "half:index:Thing", {}).catch((it: grpc.ServiceError) => it);
    const [bytes] = (error as grpc.ServiceError).metadata.get("grpc-status-details-bin");
    const [detail] = Status.deserializeBinary(bytes as Buffer).getDetailsList();
    expect(detail?.getTypeUrl()).toBe("type.googleapis.com/pulumirpc.ErrorResourceInitFailed");
    const failed = pb.ErrorResourceInitFailed.deserializeBinary(detail?.getValue_asU8() ?? new Uint8Array());
    expect([
      failed.getId(),
      failed.getReasonsList(),
      decode(failed.getProperties()),
      decode(failed.getInputs()),
    ]).toEqual(["id-1", ["pods are pending"], { a: 1 }, { b: 2 }]);
  } finally {
    await half.close();
  }
});

test("the line for a shell names every port", () => {
  expect(exportLine({ aws: 1, "azure-native": 2 })).toBe("export PULUMI_DEBUG_PROVIDERS=aws:1,azure-native:2");
});
