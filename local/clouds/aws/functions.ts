import type { PropertyMap } from "../../protocol/property";
import type { CloudDefinition } from "../model";
import { textAt, textsAt } from "../paths";
import { availabilityZones, DEPLOYER_ROLE, type AwsSettings } from "./common";

/** Who calls. */
export function callerArn(settings: AwsSettings): string {
  return `arn:aws:iam::${settings.account}:role/${DEPLOYER_ROLE}`;
}

function getCallerIdentity(_: PropertyMap, { settings }: { readonly settings: AwsSettings }): PropertyMap {
  return {
    id: settings.account,
    accountId: settings.account,
    arn: callerArn(settings),
    userId: "AIDASIMULATEDDEPLOYER",
  };
}

function getAvailabilityZones(args: PropertyMap, { settings }: { readonly settings: AwsSettings }): PropertyMap {
  const region = textAt(args, "region") ?? settings.region;
  const excluded = textsAt(args, "excludeNames[*]");
  const names = availabilityZones(region).filter((name) => !excluded.includes(name));
  const [area = "", place = "", number = ""] = region.split("-");
  const zoneIds = names.map(
    (name) => `${area}${place.slice(0, 1)}${number}-az${name.charCodeAt(name.length - 1) - 96}`,
  );
  return {
    id: region,
    region,
    groupNames: [region],
    names,
    zoneIds,
    ...(args.state === undefined ? {} : { state: args.state }),
  };
}

function getPartition(): PropertyMap {
  return { id: "aws", partition: "aws", dnsSuffix: "amazonaws.com", reverseDnsPrefix: "com.amazonaws" };
}

function getRegion(args: PropertyMap, { settings }: { readonly settings: AwsSettings }): PropertyMap {
  const region = textAt(args, "region") ?? settings.region;
  return { id: region, name: region, region, description: region, endpoint: `ec2.${region}.amazonaws.com` };
}

export const AWS_FUNCTIONS: CloudDefinition<AwsSettings>["functions"] = {
  "aws:index/getAvailabilityZones:getAvailabilityZones": getAvailabilityZones,
  "aws:index/getCallerIdentity:getCallerIdentity": getCallerIdentity,
  "aws:index/getPartition:getPartition": getPartition,
  "aws:index/getRegion:getRegion": getRegion,
};
