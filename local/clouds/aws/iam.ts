import type { PropertyMap } from "../../protocol/property";
import type { LedgerEntry } from "../ledger";
import type { Refusal } from "../model";
import { textAt, textsAt } from "../paths";
import { boolean, each, json, list, number, object, string } from "../schema";
import { byArn, byId, isRoleArn, TAGGED, tagsAll, type AwsContext, type AwsModel } from "./common";

export const ROLE = "aws:iam/role:Role";
const ROLE_POLICY_ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment";
const ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy";
const INSTANCE_PROFILE = "aws:iam/instanceProfile:InstanceProfile";
const OIDC_PROVIDER = "aws:iam/openIdConnectProvider:OpenIdConnectProvider";

/** Characters without white space that a trust policy may have (IAM quota "Role trust policy length"). */
const TRUST_POLICY_LIMIT = 2048;
/** Characters of all inline policies of a role together. */
const INLINE_POLICIES_LIMIT = 10_240;
/** OIDC providers that an account may have (IAM quota). */
const OIDC_PROVIDERS_LIMIT = 100;

/** Managed policies for EKS that AWS offers; a name that starts like these but is none of them is a mistake. */
const EKS_MANAGED_POLICIES: readonly string[] = [
  "AmazonEKSBlockStoragePolicy",
  "AmazonEKSClusterPolicy",
  "AmazonEKSComputePolicy",
  "AmazonEKSConnectorAgentAccess",
  "AmazonEKSFargatePodExecutionRolePolicy",
  "AmazonEKSLoadBalancingPolicy",
  "AmazonEKSLocalOutpostClusterPolicy",
  "AmazonEKSNetworkingPolicy",
  "AmazonEKSServicePolicy",
  "AmazonEKSVPCResourceController",
  "AmazonEKSWorkerNodeMinimalPolicy",
  "AmazonEKSWorkerNodePolicy",
  "AmazonEKS_CNI_Policy",
];

const roleNotFound = (name: string): Refusal => ({
  code: "NoSuchEntity",
  message: `The role with name ${name} cannot be found.`,
});

/** A reference to a role by ARN. IAM lets a role go that services still name. */
export function roleArnReference(path: string, missing: (arn: string) => Refusal) {
  return { path, type: ROLE, applies: isRoleArn, matches: byArn, missing, onDelete: "ignore" } as const;
}

interface Statement {
  readonly effect: string;
  readonly services: readonly string[];
  readonly federated: readonly string[];
}

/** The statements of a trust policy, as far as the simulation looks at them. Undefined when it is no policy. */
function readTrust(policy: string | undefined): Statement[] | undefined {
  try {
    const document = JSON.parse(policy ?? "") as PropertyMap;
    const statements = Array.isArray(document.Statement)
      ? (document.Statement as PropertyMap[])
      : [document.Statement as PropertyMap];
    return statements.map((statement) => ({
      effect: String(statement.Effect),
      services: [...textsAt(statement, "Principal.Service"), ...textsAt(statement, "Principal.Service[*]")],
      federated: [...textsAt(statement, "Principal.Federated"), ...textsAt(statement, "Principal.Federated[*]")],
    }));
  } catch {
    return undefined;
  }
}

/** Whether a role lets a service of AWS assume it. */
export function trustsService(role: LedgerEntry, service: string): boolean {
  const statements = readTrust(textAt(role.inputs, "assumeRolePolicy")) ?? [];
  return statements.some((it) => it.effect === "Allow" && it.services.includes(service));
}

/** ARNs of the managed policies that a role has. */
export function attachedPolicies({ ledger }: AwsContext, role: LedgerEntry): string[] {
  const attached = ledger
    .list(ROLE_POLICY_ATTACHMENT)
    .filter((it) => it.scope === role.scope && it.inputs.role === role.id)
    .map((it) => String(it.inputs.policyArn));
  return [...attached, ...textsAt(role.inputs, "managedPolicyArns[*]")];
}

function trustPolicyRule(inputs: PropertyMap, { ledger }: AwsContext): Refusal | undefined {
  const policy = textAt(inputs, "assumeRolePolicy");
  const statements = readTrust(policy);
  if (policy === undefined || statements === undefined) {
    return { code: "MalformedPolicyDocument", message: "This policy contains invalid Json" };
  }
  const length = JSON.stringify(JSON.parse(policy)).length;
  if (length > TRUST_POLICY_LIMIT) {
    return {
      code: "LimitExceeded",
      message: `Cannot exceed quota for ACLSizePerRole: ${TRUST_POLICY_LIMIT} (the trust policy has ${length} characters)`,
    };
  }
  const providers = ledger.list(OIDC_PROVIDER);
  const unknown = statements
    .flatMap((statement) => statement.federated)
    .find((arn) => arn.includes(":oidc-provider/") && !providers.some((provider) => provider.id === arn));
  if (unknown === undefined) return undefined;
  return { code: "MalformedPolicyDocument", message: `Invalid principal in policy: "Federated":"${unknown}"` };
}

const roleName = { test: /^[\w+=,.@-]{1,64}$/, allowed: "1 to 64 of letters, digits and +=,.@-_" };

const role: AwsModel = {
  type: ROLE,
  label: "IAM Role",
  properties: {
    ...TAGGED,
    assumeRolePolicy: json({ required: true }),
    description: string(),
    forceDetachPolicies: boolean(),
    inlinePolicies: list(object({ name: string(), policy: json() }), { set: true }),
    managedPolicyArns: list(string(), { set: true }),
    maxSessionDuration: number({ minimum: 3600, maximum: 43_200 }),
    name: string({ immutable: true, pattern: roleName }),
    namePrefix: string({ immutable: true }),
    path: string({ immutable: true, pattern: { test: /^\/(.*\/)?$/, allowed: "a path that begins and ends with /" } }),
    permissionsBoundary: string(),
  },
  autoName: { property: "name" },
  id: (inputs, { digest }) => textAt(inputs, "name") ?? `${textAt(inputs, "namePrefix") ?? ""}${digest("name", 26)}`,
  outputs: {
    tagsAll,
    name: (_, { id }) => id,
    arn: (inputs, { id, settings }) => `arn:aws:iam::${settings.account}:role${textAt(inputs, "path") ?? "/"}${id}`,
    uniqueId: (_, { digest }) => `AROA${digest("unique id", 17).toUpperCase()}`,
    path: (inputs) => inputs.path ?? "/",
    maxSessionDuration: (inputs) => inputs.maxSessionDuration ?? 3600,
    // The same for each build, so that two builds of one program give equal states.
    createDate: () => "2024-01-01T00:00:00Z",
  },
  taken: (_, other) => ({ code: "EntityAlreadyExists", message: `Role with name ${other.id} already exists.` }),
  rules: [trustPolicyRule],
  inUse: (_, by) =>
    by.some((it) => it.type === ROLE_POLICY_ATTACHMENT)
      ? { code: "DeleteConflict", message: "Cannot delete entity, must detach all policies first." }
      : by.some((it) => it.type === INSTANCE_PROFILE)
        ? { code: "DeleteConflict", message: "Cannot delete entity, must remove roles from instance profile first." }
        : { code: "DeleteConflict", message: "Cannot delete entity, must delete policies first." },
};

const roleReference = { path: "role", type: ROLE, missing: roleNotFound } as const;

const attachment: AwsModel = {
  type: ROLE_POLICY_ATTACHMENT,
  label: "IAM Role Policy Attachment",
  properties: each(string({ required: true, immutable: true }), "policyArn", "role"),
  id: (inputs) => `${String(inputs.role)}/${String(inputs.policyArn)}`,
  outputs: {},
  references: [roleReference],
  // Attaching twice is no error for IAM; two resources for one attachment are one, and the first delete takes it away.
  taken: (inputs) => ({
    code: "EntityAlreadyExists",
    message: `${String(inputs.policyArn)} is attached to ${String(inputs.role)} by another resource already`,
  }),
  rules: [
    ({ policyArn }): Refusal | undefined => {
      const name = /^arn:aws:iam::aws:policy\/(?:[\w-]+\/)*([\w+=,.@-]+)$/.exec(String(policyArn))?.[1];
      const exists = name !== undefined && (!/^AmazonEKS/.test(name) || EKS_MANAGED_POLICIES.includes(name));
      if (exists) return undefined;
      return { code: "NoSuchEntity", message: `Policy ${String(policyArn)} does not exist or is not attachable.` };
    },
  ],
};

const rolePolicy: AwsModel = {
  type: ROLE_POLICY,
  label: "IAM Role Policy",
  properties: {
    ...each(string({ immutable: true }), "name", "namePrefix"),
    policy: json({ required: true }),
    role: string({ required: true, immutable: true }),
  },
  autoName: { property: "name" },
  id: (inputs, { digest }) =>
    `${String(inputs.role)}:${textAt(inputs, "name") ?? `${textAt(inputs, "namePrefix") ?? ""}${digest("name", 12)}`}`,
  outputs: { name: (_, { id }) => id.slice(id.indexOf(":") + 1) },
  references: [roleReference],
  taken: (_, other) => ({ code: "EntityAlreadyExists", message: `The inline policy ${other.id} already exists.` }),
  rules: [
    (inputs): Refusal | undefined => {
      const document = JSON.parse(String(inputs.policy)) as PropertyMap | null;
      const valid = typeof document === "object" && document !== null && document.Statement !== undefined;
      return valid ? undefined : { code: "MalformedPolicyDocument", message: "Syntax errors in policy." };
    },
    (inputs, { ledger, scope, id }): Refusal | undefined => {
      const others = ledger
        .list(ROLE_POLICY)
        .filter((it) => it.scope === scope && it.id !== id && it.inputs.role === inputs.role);
      const texts = [inputs.policy, ...others.map((it) => it.inputs.policy)].map((text) =>
        JSON.stringify(JSON.parse(String(text))),
      );
      if (texts.join("").length <= INLINE_POLICIES_LIMIT) return undefined;
      return {
        code: "LimitExceeded",
        message: `Maximum policy size of ${INLINE_POLICIES_LIMIT} bytes exceeded for role ${String(inputs.role)}`,
      };
    },
  ],
};

const oidcProvider: AwsModel = {
  type: OIDC_PROVIDER,
  label: "IAM OIDC Provider",
  properties: {
    ...TAGGED,
    clientIdLists: list(string(), { required: true, set: true }),
    thumbprintLists: list(string({ pattern: { test: /^[0-9a-fA-F]{40}$/, allowed: "40 hex digits" } })),
    url: string({
      required: true,
      immutable: true,
      pattern: { test: /^https:\/\/[^?#]+$/, allowed: "an https:// URL without query or fragment" },
    }),
  },
  // Everything after the scheme, a slash at the end included: AKS issuers have one, and the ARN keeps it.
  id: (inputs, { settings }) =>
    `arn:aws:iam::${settings.account}:oidc-provider/${String(inputs.url).replace(/^https:\/\//, "")}`,
  outputs: {
    tagsAll,
    arn: (_, { id }) => id,
    thumbprintLists: (inputs, { digest }) => inputs.thumbprintLists ?? [digest("thumbprint", 40)],
  },
  taken: (inputs) => ({
    code: "EntityAlreadyExists",
    message: `Provider with url ${String(inputs.url)} already exists.`,
  }),
  rules: [
    (_, { ledger, scope, id }): Refusal | undefined => {
      const others = ledger.list(OIDC_PROVIDER).filter((it) => it.scope === scope && !byId(it, id));
      if (others.length < OIDC_PROVIDERS_LIMIT) return undefined;
      return {
        code: "LimitExceeded",
        message: `Cannot exceed quota for OpenIdConnectProvidersPerAccount: ${OIDC_PROVIDERS_LIMIT}`,
      };
    },
  ],
};

const instanceProfile: AwsModel = {
  type: INSTANCE_PROFILE,
  label: "IAM Instance Profile",
  properties: {
    ...TAGGED,
    name: string({
      immutable: true,
      pattern: { test: /^[\w+=,.@-]{1,128}$/, allowed: "1 to 128 of letters, digits and +=,.@-_" },
    }),
    ...each(string({ immutable: true }), "namePrefix", "path"),
    role: string(),
  },
  autoName: { property: "name" },
  id: (inputs, { digest }) => textAt(inputs, "name") ?? `${textAt(inputs, "namePrefix") ?? ""}${digest("name", 12)}`,
  outputs: {
    tagsAll,
    name: (_, { id }) => id,
    arn: (inputs, { id, settings }) =>
      `arn:aws:iam::${settings.account}:instance-profile${textAt(inputs, "path") ?? "/"}${id}`,
    uniqueId: (_, { digest }) => `AIPA${digest("unique id", 17).toUpperCase()}`,
    createDate: () => "2024-01-01T00:00:00Z",
  },
  references: [roleReference],
  taken: (_, other) => ({
    code: "EntityAlreadyExists",
    message: `Instance Profile ${other.id} already exists.`,
  }),
};

export const IAM_MODELS: readonly AwsModel[] = [role, attachment, rolePolicy, oidcProvider, instanceProfile];
