import fc from "fast-check";

import { Cidr } from "../../components/network/cidr";
import { cutBlock, planVnet, planVpc, validateBlocks } from "../../components/network/plan";
import { EAST, NORTH } from "../kit/environment";

const blocks = fc
  .record({ prefix: fc.integer({ min: 14, max: 18 }), index: fc.nat() })
  .map(({ prefix, index }) => Cidr.parse("10.0.0.0/8")!.part(prefix - 8, index % 2 ** (prefix - 8)));

function disjoint(cidrs: readonly string[]): boolean {
  const parsed = cidrs.map((cidr) => Cidr.parse(cidr)!);
  return parsed.every((a, index) => parsed.slice(index + 1).every((b) => !a.overlaps(b)));
}

test("no two parts of a cluster's block overlap, whatever the block and the zones", () => {
  fc.assert(
    fc.property(blocks, fc.constantFrom(["a", "b"], ["a", "b", "c"]), (block, zones) => {
      const cut = cutBlock(block);
      const vpc = planVpc("us-east-1", cut, zones);
      const subnets = vpc.subnets.flatMap(({ privateCidr, publicCidr }) => [privateCidr, publicCidr]);
      expect(disjoint([...subnets, cut.pods.toString(), cut.services.toString()])).toBe(true);
      expect(subnets.every((subnet) => Cidr.parse(subnet)!.overlaps(cut.nodes))).toBe(true);
    }),
  );
});

test("a third zone moves no subnet of the first two", () => {
  const cut = cutBlock(Cidr.parse("10.16.0.0/14")!);

  expect(planVpc("us-east-1", cut, ["a", "b", "c"]).subnets.slice(0, 2)).toEqual(
    planVpc("us-east-1", cut, ["a", "b"]).subnets,
  );
});

test("the plan of a block is exactly this", () => {
  const cut = cutBlock(Cidr.parse("10.16.0.0/14")!);

  expect(planVpc("us-east-1", cut, ["a", "b"])).toEqual({
    cidr: "10.16.0.0/16",
    region: "us-east-1",
    subnets: [
      { zone: "us-east-1a", privateCidr: "10.16.0.0/18", publicCidr: "10.16.192.0/20" },
      { zone: "us-east-1b", privateCidr: "10.16.64.0/18", publicCidr: "10.16.208.0/20" },
    ],
  });
  expect(planVnet("northeurope", cut)).toEqual({
    cidr: "10.16.0.0/16",
    location: "northeurope",
    nodesCidr: "10.16.0.0/17",
  });
  expect([cut.pods, cut.services].map(String)).toEqual(["10.17.0.0/16", "10.18.0.0/16"]);
  expect(cut.services.address(10)).toBe("10.18.0.10");
});

test("blocks that overlap are refused exactly when they do", () => {
  fc.assert(
    fc.property(blocks, blocks, (a, b) => {
      const problems = validateBlocks({ east: { ...EAST, cidr: String(a) }, north: { ...NORTH, cidr: String(b) } });
      expect(problems.length).toBe(a.overlaps(b) ? 1 : 0);
    }),
  );
});

test.each(["10.0.0.0", "10.0.0.0/33", "10.0.0.256/24", "10.0.0.1/24", "fd00::/8"])("%s is no block", (text) => {
  expect(Cidr.parse(text)).toBeUndefined();
});
