import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { parse, YAMLParseError } from "yaml";
import { z } from "zod";

import type { Crypter, Keyring } from "../local/protocol/crypter";
import { UserError } from "./user-error";

const configType = z.strictObject({
  type: z.enum(["string", "integer", "boolean", "array", "object"]).optional(),
  items: z.unknown().optional(),
  description: z.string().optional(),
  default: z.unknown().optional(),
  secret: z.boolean().optional(),
});

/** The parts of `Pulumi.yaml` that we read; the real CLI reads the rest. */
const projectSchema = z.object({
  name: z.string(),
  main: z.string(),
  runtime: z.object({ options: z.object({ nodeargs: z.string().optional() }).optional() }),
  config: z.record(z.string(), configType).optional(),
});

const stackFileSchema = z.object({
  encryptionsalt: z.string().optional(),
  config: z.record(z.string(), z.unknown()).optional(),
});

/** The Pulumi project that the command runs in. */
export interface Project {
  readonly name: string;
  readonly directory: string;
  readonly main: string;
  readonly nodeArgs: readonly string[];
  /** The typed `config` section, by key without namespace. */
  readonly configTypes: Readonly<Record<string, z.infer<typeof configType>>>;
}

/** Configuration of a stack as a program gets it: `namespace:key` to text, or to the JSON of a structured value. */
export interface StackConfig {
  readonly values: Readonly<Record<string, string>>;
  readonly secretKeys: readonly string[];
}

/** Finds the project of a folder or of one above it. */
export function openProject(from: string = process.cwd()): Project {
  let directory = from;
  while (!existsSync(join(directory, "Pulumi.yaml"))) {
    if (dirname(directory) === directory) {
      throw new UserError(
        `there is no Pulumi.yaml in ${from} or above it. Run isthmus in a checkout of your platform.`,
      );
    }
    directory = dirname(directory);
  }
  const { name, main, runtime, config } = readYaml(join(directory, "Pulumi.yaml"), projectSchema);
  const nodeArgs = (runtime.options?.nodeargs ?? "").split(/\s+/).filter((arg) => arg !== "");
  return { name, directory, main, nodeArgs, configTypes: config ?? {} };
}

/**
 * Reads a stack's configuration with the project's defaults, checked against the types of the `config` section as the
 * real CLI does it.
 *
 * @param keyring opens `secure:` values; asked for only when there is one
 */
export function readStackConfig(project: Project, stack: string, keyring: () => Keyring): StackConfig {
  const path = join(project.directory, `Pulumi.${stack}.yaml`);
  if (!existsSync(path)) {
    throw new UserError(
      `there is no Pulumi.${stack}.yaml in ${project.directory}: "${stack}" is not a stack of this project.`,
    );
  }
  const file = readYaml(path, stackFileSchema);
  const values: Record<string, string> = {};
  const secretKeys: string[] = [];
  for (const [key, { default: value }] of Object.entries(project.configTypes)) {
    if (value !== undefined) values[`${project.name}:${key}`] = asText(value);
  }
  const problems: string[] = [];
  for (const [key, value] of Object.entries(file.config ?? {})) {
    const fullKey = key.includes(":") ? key : `${project.name}:${key}`;
    if (isSecure(value)) {
      values[fullKey] = openCrypter(file.encryptionsalt, keyring, path).decrypt(value.secure);
      secretKeys.push(fullKey);
      continue;
    }
    values[fullKey] = asText(value);
    const expected = project.configTypes[fullKey.slice(fullKey.indexOf(":") + 1)]?.type;
    if (fullKey.startsWith(`${project.name}:`) && expected !== undefined && !hasType(value, expected)) {
      problems.push(
        `  ${fullKey}: found ${JSON.stringify(value)}, allowed: ${expected === "array" ? "a list" : `a value of type ${expected}`}`,
      );
    }
  }
  if (problems.length > 0)
    throw new UserError(`Pulumi.${stack}.yaml does not fit the config section of Pulumi.yaml:\n${problems.join("\n")}`);
  return { values, secretKeys };
}

function isSecure(value: unknown): value is { secure: string } {
  return typeof value === "object" && value !== null && "secure" in value && typeof value.secure === "string";
}

function openCrypter(salt: string | undefined, keyring: () => Keyring, path: string): Crypter {
  if (salt === undefined) {
    throw new UserError(
      `${path} has a secure value but no encryptionsalt: only the passphrase secrets provider can be read here.`,
    );
  }
  return keyring().crypter(salt);
}

function asText(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function hasType(value: unknown, type: NonNullable<z.infer<typeof configType>["type"]>): boolean {
  switch (type) {
    case "array":
      return Array.isArray(value);
    case "object":
      return typeof value === "object" && value !== null && !Array.isArray(value);
    case "integer":
      return Number.isInteger(value) || (typeof value === "string" && /^-?\d+$/.test(value));
    case "boolean":
      return typeof value === "boolean" || value === "true" || value === "false";
    case "string":
      return typeof value !== "object";
  }
}

function readYaml<Schema extends z.ZodType>(path: string, schema: Schema): z.output<Schema> {
  let content: unknown;
  try {
    content = parse(readFileSync(path, "utf8")) ?? {};
  } catch (error) {
    if (error instanceof YAMLParseError) throw new UserError(`${path} is not valid YAML: ${error.message}`);
    throw error;
  }
  const result = schema.safeParse(content);
  if (result.success) return result.data;
  const issues = result.error.issues.map((issue) => `  ${issue.path.join(".")}: ${issue.message}`);
  throw new UserError(`${path} is not as expected:\n${issues.join("\n")}`);
}
