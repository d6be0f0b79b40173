import type { PropertyMap } from "../../protocol/property";
import type { LedgerEntry } from "../ledger";
import type { Context, Identified, Refusal, ResourceModel } from "../model";
import { textAt } from "../paths";
import { map, string, type Properties } from "../schema";

/** What an AWS provider is configured with. */
export interface AwsSettings {
  /** Twelve digits. */
  readonly account: string;
  readonly region: string;
  readonly defaultTags: PropertyMap;
}

export type AwsModel = ResourceModel<AwsSettings>;
export type AwsContext = Context<AwsSettings>;

/** The account of a simulated provider that assumes no role: AWS's own example account. */
export const EXAMPLE_ACCOUNT = "123456789012";

/** The role that calls: it is in every simulated account before anything is made there. */
export const DEPLOYER_ROLE = "isthmus-deployer";

/** Properties that every regional resource of AWS takes. */
export const REGIONAL: Properties = { region: string({ immutable: true }), tags: map() };
/** The same for resources without tags. */
export const REGIONAL_UNTAGGED: Properties = { region: string({ immutable: true }) };
/** Properties of a global resource with tags. */
export const TAGGED: Properties = { tags: map() };

export function regionOf(inputs: PropertyMap, context: AwsContext): string {
  return textAt(inputs, "region") ?? context.settings.region;
}

/** `arn:aws:<service>:<region>:<account>:<resource>` */
export function arn(service: string, resource: (inputs: PropertyMap, context: AwsContext) => string) {
  return (inputs: PropertyMap, context: AwsContext): string =>
    `arn:aws:${service}:${regionOf(inputs, context)}:${context.settings.account}:${resource(inputs, context)}`;
}

/** Tags of the resource over the provider's default tags. */
export function tagsAll(inputs: PropertyMap, { settings }: AwsContext): PropertyMap {
  return { ...settings.defaultTags, ...((inputs.tags ?? {}) as PropertyMap) };
}

/** What every regional resource with tags computes. */
export const REGIONAL_OUTPUTS: AwsModel["outputs"] = { region: regionOf, tagsAll };

/** What EC2 resources compute. */
export function ec2Outputs(resource: string): AwsModel["outputs"] {
  return {
    ...REGIONAL_OUTPUTS,
    arn: arn("ec2", (_, { id }) => `${resource}/${id}`),
    ownerId: (_, { settings }) => settings.account,
  };
}

/** Ids such as `vpc-0f3a...` with 17 digits. */
export function ec2Id(prefix: string) {
  return (_: PropertyMap, context: AwsContext): string => `${prefix}-0${context.digest("id", 16)}`;
}

/** Matches a reference by ARN, which is unique everywhere. */
export function byArn(entry: LedgerEntry, value: string): boolean {
  return textAt(entry.outputs, "arn") === value;
}

/** Matches a global thing, whose scope differs from that of the regional one that names it, by its id. */
export function byId(entry: Identified, value: string): boolean {
  return entry.id === value;
}

/** What the service says to a second thing with the same id, where ids come from a hash and this cannot happen. */
export function neverTaken(_: PropertyMap, other: LedgerEntry): Refusal {
  return { code: "InternalError", message: `${other.id} already exists` };
}

/** The refusal of EC2 to delete what others need. */
export function dependencyViolation(what: string) {
  return (entry: LedgerEntry): Refusal => ({
    code: "DependencyViolation",
    message: `The ${what} '${entry.id}' has dependencies and cannot be deleted.`,
  });
}

/** The refusal of EC2 about an id that leads nowhere. */
export function ec2NotFound(code: string, what: string) {
  return (value: string): Refusal => ({
    code: `${code}.NotFound`,
    message: `The ${what} ID '${value}' does not exist`,
  });
}

/** ARNs of roles that someone must have made; the deployer's and AWS's own exist in every account. */
export function isRoleArn(value: string): boolean {
  return (
    /^arn:aws:iam::\d{12}:role\//.test(value) &&
    !value.endsWith(`:role/${DEPLOYER_ROLE}`) &&
    !value.includes(":role/aws-reserved/") &&
    !value.includes(":role/aws-service-role/")
  );
}

/** Zones of a region, as AWS offers them to a new account. */
export function availabilityZones(region: string): string[] {
  const letters = region === "us-east-1" ? ["a", "b", "c", "d", "e", "f"] : ["a", "b", "c"];
  return letters.map((letter) => `${region}${letter}`);
}
