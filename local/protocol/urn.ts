/**
 * Pulumi's resource names: `urn:pulumi:<stack>::<project>::<parent types joined by $>$<type>::<name>`.
 *
 * Rules of `sdk/go/common/resource/urn/urn.go` of pulumi/pulumi.
 */

/** Type of the root of every stack. It never shows in the URNs of its children. */
export const ROOT_STACK_TYPE = "pulumi:pulumi:Stack";

const PROVIDER_PREFIX = "pulumi:providers:";

/** The URN of a resource. `parent` is the parent's URN, empty for none. */
export function makeUrn(stack: string, project: string, parent: string, type: string, name: string): string {
  const parentTypes = parent === "" ? "" : urnQualifiedType(parent);
  const prefix = parentTypes === "" || parentTypes === ROOT_STACK_TYPE ? "" : `${parentTypes}$`;
  return `urn:pulumi:${stack}::${project}::${prefix}${type}::${name}`;
}

/** The stack that a resource belongs to. */
export function urnStack(urn: string): string {
  return urn.split("::")[0]?.split(":")[2] ?? "";
}

/** The type with the types of its parents before it, joined by `$`. */
export function urnQualifiedType(urn: string): string {
  return urn.split("::")[2] ?? "";
}

/** The resource's own type. */
export function urnType(urn: string): string {
  const qualified = urnQualifiedType(urn);
  return qualified.slice(qualified.lastIndexOf("$") + 1);
}

/** The resource's name; it may itself contain `::`. */
export function urnName(urn: string): string {
  return urn.split("::").slice(3).join("::");
}

/** The package that serves a type or function token: `aws` of `aws:eks/cluster:Cluster`. */
export function packageOf(token: string): string {
  return token.startsWith(PROVIDER_PREFIX) ? token.slice(PROVIDER_PREFIX.length) : (token.split(":")[0] ?? "");
}

/** Whether the type is that of a provider resource, `pulumi:providers:<package>`. */
export function isProviderType(type: string): boolean {
  return type.startsWith(PROVIDER_PREFIX);
}

/** The type of the provider resources of a package. */
export function providerType(pkg: string): string {
  return PROVIDER_PREFIX + pkg;
}

/** A reference to a provider resource, `<urn>::<id>`. */
export interface ProviderReference {
  readonly urn: string;
  readonly id: string;
}

export function parseProviderReference(reference: string): ProviderReference {
  const end = reference.lastIndexOf("::");
  return { urn: reference.slice(0, end), id: reference.slice(end + 2) };
}
