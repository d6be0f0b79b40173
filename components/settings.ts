import { z } from "zod";

import { parseShape } from "./shape";
import type { Problem } from "./problem";

const guid = z.guid({ error: 'a GUID such as "00000000-0000-0000-0000-000000000000"' });

const settingsSchema = z.strictObject({
  namePrefix: z
    .string()
    .regex(/^[a-z][a-z0-9-]{1,14}[a-z0-9]$/, "3 to 16 lower-case letters, digits and hyphens, starting with a letter")
    .default("isthmus"),
  awsDeployerRoleArn: z
    .string()
    .regex(/^arn:aws[a-z-]*:iam::\d{12}:role\/\S+$/, "the ARN of an IAM role, arn:aws:iam::<account>:role/<name>")
    .optional(),
  azureTenantId: guid.optional(),
  azureSubscriptionId: guid.optional(),
  azureAdminGroupObjectIds: z.array(guid).min(1).optional(),
});

/** What differs between accounts rather than between platforms: `config` of `Pulumi.yaml` documents each key. */
export type Settings = z.infer<typeof settingsSchema>;

/** Keys whose values are lists; Pulumi passes them as JSON text. */
const STRUCTURED: ReadonlySet<string> = new Set(["azureAdminGroupObjectIds"]);

/**
 * Reads the stack's configuration.
 *
 * @param config all of the stack's configuration, as `namespace:key` to text; other namespaces are left alone
 * @param namespace the project's name
 */
export function readSettings(
  config: Readonly<Record<string, string>>,
  namespace: string,
): { settings: Settings | undefined; problems: Problem[] } {
  const own: Record<string, unknown> = {};
  for (const [fullKey, text] of Object.entries(config)) {
    const [space, key] = [fullKey.slice(0, fullKey.indexOf(":")), fullKey.slice(fullKey.indexOf(":") + 1)];
    if (space !== namespace) continue;
    own[key] = STRUCTURED.has(key) ? parseStructured(text) : text;
  }
  const { value, problems } = parseShape(settingsSchema, own, (path) => `config ${namespace}:${path}`);
  return { settings: value, problems };
}

/** Text that is no JSON is left as it is: the schema then says what was expected instead. */
function parseStructured(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
