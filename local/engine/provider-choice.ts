import { Secret } from "../protocol/property";
import type { PropertyMap, PropertyValue } from "../protocol/property";
import type { Provider } from "../protocol/provider";
import { isProviderType, packageOf, parseProviderReference, providerType, urnType } from "../protocol/urn";
import { getOrMake } from "../objects";
import type { RunContext } from "./context";
import { NO_OPTIONS } from "./goal";
import type { Goal } from "./goal";
import type { Planner } from "./planner";
import { providerReference } from "./providers";

/** What a resource takes over from its parent when it does not say it itself (source_eval.go: inheritFromParent). */
export function inherit(goal: Goal, parent: Goal | undefined): Goal {
  if (parent === undefined) return goal;
  const servesChild =
    parent.provider !== undefined &&
    packageOf(urnType(parseProviderReference(parent.provider).urn)) === packageOf(goal.type);
  const passesOn = (!goal.custom || servesChild) && !isProviderType(goal.type);
  return {
    ...goal,
    deletedWith: goal.deletedWith ?? parent.deletedWith,
    protect: goal.protect ?? parent.protect,
    retainOnDelete: goal.retainOnDelete ?? parent.retainOnDelete,
    provider: goal.provider ?? (passesOn ? parent.provider : undefined),
    providers: { ...parent.providers, ...goal.providers },
  };
}

/** Finds the provider of a resource or of a function: the one it names, one of its component's, or a default provider. */
export class ProviderChoice {
  private readonly defaults = new Map<string, Promise<string>>();

  constructor(
    private readonly context: RunContext,
    private readonly planner: Planner,
  ) {}

  /** The goal with everything about its provider settled. Throws when it would need a default provider and may not. */
  async settle(goal: Goal): Promise<Goal> {
    const { type, name, version, pluginDownloadUrl: url } = goal;
    if (isProviderType(type)) return { ...goal, provider: undefined, inputs: versioned(goal.inputs, version, url) };
    if (!goal.custom) return goal;
    const { stack, project } = this.context.options;
    const pkg = packageOf(type);
    const stated = goal.provider ?? goal.providers[pkg];
    const subject = `urn:pulumi:${stack}::${project}::${type}::${name}`;
    return { ...goal, provider: stated || (await this.default(pkg, version, url, subject)) };
  }

  /** The configured provider that answers a function. */
  async forInvoke(token: string, reference: string, version: string): Promise<Provider> {
    const chosen = reference || (await this.default(packageOf(token), version, "", token));
    return this.context.providerOf({ urn: token, provider: chosen });
  }

  private default(pkg: string, version: string, url: string, subject: string): Promise<string> {
    if (this.isDenied(pkg)) {
      // The real engine's text: programs and their authors know it.
      const text = `Default provider for '${pkg}' disabled. '${subject}' must use an explicit provider.`;
      return Promise.reject(this.context.error(subject.startsWith("urn:") ? subject : "", text));
    }
    const name = ["default", version.replace(/[.\-+]/g, "_"), url].filter((part) => part !== "").join("_");
    return getOrMake(this.defaults, `${pkg} ${name}`, () => this.registerDefault(pkg, name, version, url));
  }

  private async registerDefault(pkg: string, name: string, version: string, url: string): Promise<string> {
    const inputs = versioned(this.packageConfig(pkg), version, url);
    const resource = await this.planner.register({
      ...NO_OPTIONS,
      type: providerType(pkg),
      name,
      custom: true,
      inputs,
    });
    return providerReference(resource.urn, resource.id);
  }

  private isDenied(pkg: string): boolean {
    const text = this.context.options.config?.["pulumi:disable-default-providers"] ?? "";
    if (text === "" || pkg === "pulumi") return false;
    const list: unknown = JSON.parse(text);
    if (!Array.isArray(list))
      throw new Error(`pulumi:disable-default-providers: found ${text}, allowed: a JSON list of packages, or ["*"]`);
    return list.includes("*") || list.includes(pkg);
  }

  private packageConfig(pkg: string): PropertyMap {
    const { config = {}, secretConfigKeys = [] } = this.context.options;
    const inputs: Record<string, PropertyValue> = {};
    for (const [key, value] of Object.entries(config)) {
      const [namespace, ...rest] = key.split(":");
      if (namespace === pkg) inputs[rest.join(":")] = secretConfigKeys.includes(key) ? new Secret(value) : value;
    }
    return inputs;
  }
}

/** A provider's inputs with the version and the origin of its plugin, where the real engine keeps them. */
function versioned(inputs: PropertyMap, version: string, url: string): PropertyMap {
  if (version === "" && url === "") return inputs;
  return {
    ...inputs,
    ...(version === "" ? {} : { version }),
    // Present even when it is empty, so that a state moves to the real engine and back without an update of its providers.
    __internal: url === "" ? {} : { pluginDownloadURL: url },
  };
}
