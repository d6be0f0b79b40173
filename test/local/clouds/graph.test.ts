import fc from "fast-check";

import { SimulatedClouds } from "../../../local/clouds";
import { AWS } from "../../../local/clouds/aws";
import type { LedgerEntry } from "../../../local/clouds/ledger";
import { World } from "../../../local/clouds/world";
import { Tenant, trust, type Made } from "./tenant";

/** One thing that a careless user may try: to make something, or to delete what is there, in any order. */
type Move =
  | { readonly make: "vpc" | "role" }
  | {
      readonly make: "subnet" | "gateway" | "table" | "route" | "association" | "attachment" | "inline";
      readonly on: number;
      readonly index: number;
    }
  | { readonly delete: number };

const index = fc.nat({ max: 7 });
const move: fc.Arbitrary<Move> = fc.oneof(
  fc.record({ make: fc.constantFrom("vpc" as const, "role" as const) }),
  fc.record({
    make: fc.constantFrom(...(["subnet", "gateway", "table", "route", "association", "attachment", "inline"] as const)),
    on: index,
    index,
  }),
  fc.record({ delete: fc.nat({ max: 30 }) }),
);

/** References that lead nowhere, of those that the cloud promises to keep. */
function dangling(world: World): string[] {
  const referrers = new Map(AWS.models.map(({ type, references = [] }) => [type, references]));
  return world.ledger
    .list()
    .flatMap((entry: LedgerEntry) =>
      (referrers.get(entry.type) ?? [])
        .filter(({ onDelete }) => onDelete !== "ignore")
        .flatMap((reference) => world.missing(reference, entry).map((value) => `${entry.id} -> ${value}`)),
    );
}

async function play(aws: Tenant, made: Made[], step: Move, turn: number): Promise<void> {
  if ("delete" in step) {
    const [victim] = made.splice(step.delete % Math.max(1, made.length), 1);
    if (victim !== undefined) await aws.delete(victim).catch(() => made.push(victim));
    return;
  }
  const all = (type: string): Made[] => made.filter((it) => it.type === type);
  // What was deleted long ago is tried as well.
  const some = (type: string, at: number): string => all(type)[at % Math.max(1, all(type).length)]?.id ?? `gone-${at}`;
  const vpc = "aws:ec2/vpc:Vpc";
  const role = "aws:iam/role:Role";
  const subnet = "aws:ec2/subnet:Subnet";
  const table = "aws:ec2/routeTable:RouteTable";
  const name = `n${turn}`;
  const create = async (type: string, inputs: Parameters<Tenant["create"]>[2]): Promise<void> => {
    await aws.create(type, name, inputs).then(
      (thing) => made.push(thing),
      () => undefined,
    );
  };
  if (!("on" in step)) {
    if (step.make === "vpc") return create(vpc, { cidrBlock: "10.0.0.0/16" });
    return create(role, { assumeRolePolicy: trust("ec2.amazonaws.com") });
  }
  const { on, index: number } = step;
  switch (step.make) {
    case "subnet":
      return create(subnet, { vpcId: some(vpc, on), cidrBlock: `10.0.${number}.0/24` });
    case "gateway":
      return create("aws:ec2/internetGateway:InternetGateway", { vpcId: some(vpc, on) });
    case "table":
      return create(table, { vpcId: some(vpc, on) });
    case "route":
      return create("aws:ec2/route:Route", {
        routeTableId: some(table, on),
        destinationCidrBlock: `10.${number}.0.0/16`,
        gatewayId: some("aws:ec2/internetGateway:InternetGateway", number),
      });
    case "association":
      return create("aws:ec2/routeTableAssociation:RouteTableAssociation", {
        routeTableId: some(table, on),
        subnetId: some(subnet, number),
      });
    case "attachment":
      return create("aws:iam/rolePolicyAttachment:RolePolicyAttachment", {
        role: some(role, on),
        policyArn: "arn:aws:iam::aws:policy/ReadOnlyAccess",
      });
    case "inline":
      return create("aws:iam/rolePolicy:RolePolicy", { role: some(role, on), policy: '{"Statement":[]}' });
  }
}

test("no order of creates and deletes leaves a reference to something that is gone", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(move, { minLength: 10, maxLength: 60 }), async (moves) => {
      const host = new SimulatedClouds();
      const aws = await Tenant.of("aws", { region: "eu-west-1" }, host);
      const made: Made[] = [];
      for (const [turn, step] of moves.entries()) {
        await play(aws, made, step, turn);
        expect(dangling(new World(host.ledger))).toEqual([]);
      }
    }),
    { numRuns: 150 },
  );
});

test("what was made can always be deleted again, newest first", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        move.filter((step) => !("delete" in step)),
        { maxLength: 25 },
      ),
      async (moves) => {
        const host = new SimulatedClouds();
        const aws = await Tenant.of("aws", { region: "eu-west-1" }, host);
        const made: Made[] = [];
        for (const [turn, step] of moves.entries()) await play(aws, made, step, turn);
        for (const thing of made.reverse()) await aws.delete(thing);
        expect(host.ledger.list()).toEqual([]);
      },
    ),
    { numRuns: 40 },
  );
});
