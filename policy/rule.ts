import { Property } from "./property";
import type { Path, PolicyMap } from "./value";

/**
 * One rule, written once: evaluated in a preview by either engine, and rendered for clusters where it is about
 * Kubernetes objects.
 */
export type Rule = CloudRule | KubernetesRule;

interface RuleBase {
  /** Name in messages and exemptions, e.g. `eks-endpoint-restricted`. */
  readonly name: string;
  readonly title: string;
  /** What is required, and why, in one or two sentences. */
  readonly description: string;
  /** `mandatory` stops the operation when the rule fails; `advisory` only reports. */
  readonly level: Level;
  /** The same requirement in public catalogues: checkov (`CKV_...`), CIS benchmarks, trivy (`AWS-...`, `AZU-...`). */
  readonly references: readonly string[];
}

export type Level = "advisory" | "mandatory";

/** A rule about cloud resources: a predicate over the inputs of each resource type it knows. */
export interface CloudRule extends RuleBase {
  readonly kind: "cloud";
  readonly checks: readonly CloudCheck[];
}

/** A rule about Kubernetes objects, in the parts of a ValidatingAdmissionPolicy. */
export interface KubernetesRule extends RuleBase {
  readonly kind: "kubernetes";
  /** Objects it is about. All versions of a kind count. */
  readonly match: readonly KubernetesKind[];
  /** CEL expressions that later ones read as `variables.<name>`. */
  readonly variables: readonly { readonly name: string; readonly expression: string }[];
  /** Each must be true of `object`; anything else, an error too, fails the rule. */
  readonly validations: readonly KubernetesValidation[];
}

export interface KubernetesKind {
  /** API group, empty for the core group. */
  readonly group: string;
  readonly kind: string;
  /** Plural name in URLs, which admission policies match by. */
  readonly resource: string;
}

export interface KubernetesValidation {
  readonly expression: string;
  readonly problem: Problem;
}

/** What a rule found wrong; the message names all four. */
export interface Problem {
  readonly path: string | Path;
  readonly found: string;
  readonly allowed: string;
  /** What to do, as a sentence without its full stop. */
  readonly next: string;
}

export type Report = (problem: Problem) => void;

/** A check of one resource type. */
export interface CloudCheck {
  /** Canonical type token: see `canonicalType`. */
  readonly type: string;
  run(properties: PolicyMap, report: Report, facts: ResourceFacts): void;
}

/** What a rule may know of a resource besides its inputs. */
export interface ResourceFacts {
  /** Name of the stack, which is the environment's. */
  readonly stack: string;
  /** The option `protect`: an engine refuses to delete or replace the resource. */
  readonly protect: boolean;
  /** The day it is, UTC, as `2026-11-25`. */
  readonly today: string;
}

/**
 * A check of one resource type with `T`, the type's arguments, as `Unwrap<ClusterArgs>`. It reports every problem it
 * finds and returns normally when there is none.
 */
export function onType<T>(type: string, check: (inputs: Property<T>, report: Report) => void): CloudCheck {
  return { type, run: (properties, report) => check(new Property<T>(properties), report) };
}

/**
 * The type token without an API version, so that a rule holds for every version of an Azure resource. Versions are part
 * of the module (`azure-native:storage/v20240101:Blob`), and of the package in locally generated SDKs
 * (`azure-native_storage_v20240101:storage:Blob`).
 */
export function canonicalType(type: string): string {
  return type
    .replace(/^(azure-native:[^:/]+)\/v\d{8}[a-z0-9]*:/, "$1:")
    .replace(/^azure-native_[a-z0-9]+_v\d{8}[a-z0-9]*:([^:/]+)(\/[^:]*)?:/, "azure-native:$1:");
}
