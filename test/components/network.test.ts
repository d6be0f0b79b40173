import fc from "fast-check";

import { blockOf, cutBlock, freeBlocks, validateBlocks, type BlockSpec } from "../../components/network/blocks";
import { Cidr } from "../../components/network/cidr";
import { planNetworks } from "../../components/network/environment";
import { planVnet, planVpc } from "../../components/network/plan";
import { describe as describeProblem } from "../../components/problem";
import { EAST, NORTH, SHOP } from "../kit/environment";

const blocks = fc
  .record({ prefix: fc.integer({ min: 14, max: 18 }), index: fc.nat() })
  .map(({ prefix, index }) => Cidr.parse("10.0.0.0/8")!.part(prefix - 8, index % 2 ** (prefix - 8)));
const zones = fc.uniqueArray(fc.constantFrom("a", "b", "c", "d", "e", "f"), { minLength: 2, maxLength: 6 });
const egress = fc.constantFrom("per-zone", "single", "none");

const BLOCK = Cidr.parse("10.16.0.0/14")!;
const US = { region: "us-east-1" };

function disjoint(cidrs: readonly string[]): boolean {
  const parsed = cidrs.map((cidr) => Cidr.parse(cidr)!);
  return parsed.every((a, index) => parsed.slice(index + 1).every((b) => !a.overlaps(b)));
}

test("no two parts of a cluster's block overlap, whatever the block, the zones and the egress", () => {
  fc.assert(
    fc.property(blocks, zones, egress, (block, letters, way) => {
      const cut = cutBlock(block);
      const vpc = planVpc({ ...US, zones: letters, egress: way }, cut);
      const subnets = vpc.subnets.flatMap(({ privateCidr, publicCidr = [] }) => [privateCidr, publicCidr].flat());
      expect(subnets.length).toBe(letters.length * (way === "none" ? 1 : 2));
      expect(disjoint([...subnets, cut.pods.toString(), cut.services.toString()])).toBe(true);
      expect(subnets.every((subnet) => cut.nodes.contains(Cidr.parse(subnet)!))).toBe(true);
      // EC2 takes subnets of /16 to /28.
      expect(subnets.every((subnet) => Cidr.parse(subnet)!.prefix <= 28)).toBe(true);
    }),
  );
});

test("zones that come or go move no subnet of the others, in whatever order they are written", () => {
  fc.assert(
    fc.property(zones, zones, egress, (before, after, way) => {
      const subnets = (letters: string[]) => {
        const { subnets: planned } = planVpc({ ...US, zones: letters, egress: way }, cutBlock(BLOCK));
        return new Map(planned.map(({ zone, privateCidr, publicCidr }) => [zone, { privateCidr, publicCidr }]));
      };
      const [old, now] = [subnets(before), subnets(after)];
      for (const [zone, subnet] of now) expect(old.get(zone) ?? subnet).toEqual(subnet);
    }),
  );
});

test("a single NAT gateway stays where it is when a zone is added, and so does its address", () => {
  const natZones = (...letters: string[]) =>
    planVpc({ ...US, zones: letters, egress: "single" }, cutBlock(BLOCK)).natZones;

  expect([natZones("b", "c"), natZones("b", "c", "a")]).toEqual([["us-east-1b"], ["us-east-1b"]]);
});

test("the plan of a block is exactly this", () => {
  const cut = cutBlock(BLOCK);

  expect(planVpc({ ...US, zones: ["b", "a"] }, cut)).toEqual({
    cidr: "10.16.0.0/16",
    region: "us-east-1",
    subnets: [
      { zone: "us-east-1a", privateCidr: "10.16.0.0/19", publicCidr: "10.16.192.0/22", natZone: "us-east-1a" },
      { zone: "us-east-1b", privateCidr: "10.16.32.0/19", publicCidr: "10.16.196.0/22", natZone: "us-east-1b" },
    ],
    natZones: ["us-east-1a", "us-east-1b"],
    endpoints: [],
  });
  expect(planVpc({ ...US, egress: "none", privateEndpoints: ["sqs", "sts"] }, cut)).toMatchObject({
    subnets: [
      { zone: "us-east-1a", privateCidr: "10.16.0.0/19" },
      { zone: "us-east-1b", privateCidr: "10.16.32.0/19" },
    ],
    natZones: [],
    endpoints: ["ec2", "ecr.api", "ecr.dkr", "eks", "eks-auth", "elasticloadbalancing", "logs", "sqs", "sts"],
  });
  expect(planVnet({ location: "northeurope" }, cut)).toEqual({
    cidr: "10.16.0.0/16",
    location: "northeurope",
    nodesCidr: "10.16.0.0/17",
    zones: ["1", "2", "3"],
  });
  expect([cut.pods, cut.services].map(String)).toEqual(["10.17.0.0/16", "10.18.0.0/16"]);
  expect(cut.services.address(10)).toBe("10.18.0.10");
});

test("blocks that overlap are refused exactly when they do", () => {
  fc.assert(
    fc.property(blocks, blocks, (a, b) => {
      const problems = validateBlocks({ east: { cidr: String(a) }, north: { cidr: String(b) } });
      expect(problems.length).toBe(a.overlaps(b) ? 1 : 0);
    }),
  );
});

test("every cluster that takes a free block of the supernet is disjoint from all others, and moves none of them", () => {
  const supernet = { supernet: "10.0.0.0/10", reserved: ["10.4.0.0/16", "172.20.0.0/14"] };
  fc.assert(
    fc.property(fc.array(fc.nat(), { maxLength: 15 }), (choices) => {
      const clusters: Record<string, BlockSpec> = {};
      const seen = new Map<string, string>();
      for (const [index, choice] of choices.entries()) {
        const free = freeBlocks(clusters, supernet);
        if (free.length === 0) break;
        clusters[`c${index}`] = { block: free[choice % free.length]!.number };
        expect(validateBlocks(clusters, supernet)).toEqual([]);
        for (const [key, cluster] of Object.entries(clusters)) {
          const block = String(blockOf(cluster, supernet));
          expect(seen.get(key) ?? block).toBe(block);
          seen.set(key, block);
        }
      }
      expect(disjoint([...seen.values(), ...supernet.reserved])).toBe(true);
    }),
  );
});

const ten = { supernet: "10.0.0.0/10" };

test.each<[string, Record<string, BlockSpec>, Parameters<typeof validateBlocks>[1], string]>([
  [
    "no block in a supernet",
    { east: { block: 0 }, west: {} },
    ten,
    "clusters.west.block: missing, allowed: the number of a block of network.supernet (10.0.0.0/10), 0 to 15. The next free block is 1 (10.4.0.0/14).",
  ],
  [
    "a number that two clusters have",
    { east: { block: 1 }, west: { block: 1 } },
    ten,
    "clusters.west.block: found 1, allowed: a block that does not overlap with clusters.east.block (10.4.0.0/14). Pods of both clusters must be able to reach each other: give each cluster its own block. The next free block is 0 (10.0.0.0/14).",
  ],
  [
    "a number beyond the supernet",
    { east: { block: 16 } },
    ten,
    "clusters.east.block: found 16, allowed: the number of a block of network.supernet (10.0.0.0/10), 0 to 15. The next free block is 0 (10.0.0.0/14).",
  ],
  [
    "a block of another network",
    { east: { cidr: "10.128.0.0/14" } },
    { reserved: ["10.130.0.0/16"] },
    'clusters.east.cidr: found "10.128.0.0/14", allowed: a block that does not overlap with network.reserved[0] (10.130.0.0/16). A network that is reached from here cannot share addresses with a cluster.',
  ],
  [
    "a full supernet",
    { east: { block: 0 }, west: {} },
    { supernet: "10.0.0.0/14" },
    "clusters.west.block: missing, allowed: the number of a block of network.supernet (10.0.0.0/14), 0 to 0. There is no free block left: give the cluster a cidr of its own.",
  ],
  [
    "a number without a supernet",
    { east: { block: 0 } },
    {},
    "clusters.east.block: found 0, allowed: no number: the spec has no network.supernet. Set network.supernet, or give the cluster a cidr.",
  ],
  [
    "nothing at all",
    { east: {} },
    {},
    'clusters.east.cidr: missing, allowed: an IPv4 block of /14 to /18 with no bit set after its prefix, such as "10.16.0.0/14"',
  ],
  [
    "both",
    { east: { cidr: "10.16.0.0/14", block: 0 } },
    ten,
    "clusters.east.block: found 0, allowed: either a cidr or a block, not both",
  ],
  [
    "public addresses",
    { east: { cidr: "44.0.0.0/14" } },
    {},
    'clusters.east.cidr: found "44.0.0.0/14", allowed: a block of 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16',
  ],
  [
    "a supernet that is too small",
    { east: { block: 0 } },
    { supernet: "10.0.0.0/16" },
    'network.supernet: found "10.0.0.0/16", allowed: a block of 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 that holds at least one /14, such as "10.0.0.0/10"',
  ],
  [
    "a reserved block with host bits",
    {},
    { reserved: ["10.0.0.1/16"] },
    'network.reserved[0]: found "10.0.0.1/16", allowed: an IPv4 block with no bit set after its prefix',
  ],
])("%s is one problem", (_, clusters, network, expected) => {
  expect(validateBlocks(clusters, network).map(describeProblem)).toEqual([expected]);
});

test("an environment's address plan says what is whose and what is free", () => {
  const plan = planNetworks("local", {
    ...SHOP,
    network: ten,
    clusters: { north: NORTH, east: { ...EAST, cidr: undefined, block: 4 } },
  });

  expect(plan.clusters).toEqual([
    {
      cluster: "east",
      kind: "eks",
      place: "us-east-1",
      cidr: "10.16.0.0/14",
      block: 4,
      network: "10.16.0.0/16",
      subnets: [
        { name: "private-us-east-1a", cidr: "10.16.0.0/19" },
        { name: "public-us-east-1a", cidr: "10.16.192.0/22" },
        { name: "private-us-east-1b", cidr: "10.16.32.0/19" },
        { name: "public-us-east-1b", cidr: "10.16.196.0/22" },
      ],
      services: "10.18.0.0/16",
      natGateways: ["us-east-1a"],
      endpoints: ["s3"],
      unused: ["10.16.224.0/19", "10.17.0.0/16", "10.19.0.0/16"],
    },
    {
      cluster: "north",
      kind: "aks",
      place: "northeurope",
      cidr: "10.20.0.0/14",
      network: "10.20.0.0/16",
      subnets: [{ name: "nodes", cidr: "10.20.0.0/17" }],
      pods: "10.21.0.0/16",
      services: "10.22.0.0/16",
      natGateways: ["northeurope"],
      endpoints: [],
      unused: ["10.20.128.0/17", "10.23.0.0/16"],
    },
  ]);
  expect(plan.free[0]).toEqual({ block: 0, cidr: "10.0.0.0/14" });
  expect(plan.free).toHaveLength(14);
});

test.each(["10.0.0.0", "10.0.0.0/33", "10.0.0.256/24", "10.0.0.1/24", "fd00::/8"])("%s is no block", (text) => {
  expect(Cidr.parse(text)).toBeUndefined();
});
