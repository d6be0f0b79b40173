import { createHash } from "node:crypto";

import { containsUnknown, equals, mapValues } from "../protocol/property";
import type { PropertyMap } from "../protocol/property";
import type { Provider } from "../protocol/provider";
import { isProviderType, makeUrn, parseProviderReference, urnName } from "../protocol/urn";
import { analyze } from "./analysis";
import { messageOf, ReportedFailure, RunStopped } from "./errors";
import type { RunContext } from "./context";
import { differenceOf, diffRequest, forcedReplacement, UNCHANGED } from "./diff";
import type { Difference } from "./diff";
import { Executor } from "./executor";
import type { Goal } from "./goal";
import { omitEmpty } from "../objects";
import { NOTHING_SAID } from "../state/deployment";
import { resetIgnored } from "../protocol/paths";
import { dereference } from "./providers";
import { Replacements } from "./replacements";
import type { ResourceState } from "./types";

/** Decides what has to be done about each resource that the program registers, and has it done. */
export class Planner {
  private readonly executor: Executor;
  private readonly replacements: Replacements;

  constructor(private readonly context: RunContext) {
    this.executor = new Executor(context);
    this.replacements = new Replacements(context, this.executor);
  }

  /** Brings a resource to what the goal says. `goal.provider` is settled already. Throws `ReportedFailure` or `RunStopped`. */
  async register(goal: Goal): Promise<ResourceState> {
    this.context.reporter.secrets.learn(goal.inputs);
    const urn = this.claim(goal);
    const old = this.findOld(urn, goal);
    try {
      return await this.plan(urn, goal, old);
    } catch (error) {
      if (error instanceof ReportedFailure || error instanceof RunStopped) throw error;
      throw this.context.error(urn, messageOf(error));
    }
  }

  /** Looks at a resource that is not the stack's own. */
  async read(goal: Goal, id: string): Promise<ResourceState> {
    const urn = this.claim(goal);
    const wanted = this.wanted(urn, goal, undefined);
    const provider = await this.providerOf(wanted);
    if (provider === undefined)
      throw this.context.error(urn, `resource "${goal.name}" has no provider to read it with`);
    return this.executor.read({ ...wanted, id, external: true }, provider, this.context.old.get(urn));
  }

  private claim(goal: Goal): string {
    const { stack, project } = this.context.options;
    if (this.context.stopped) throw new RunStopped();
    const { parent = "", type, name } = goal;
    if (parent !== "" && !this.context.registered.has(parent)) {
      throw this.context.error("", `could not find parent resource ${parent} of "${name}"`);
    }
    const urn = makeUrn(stack, project, parent, type, name);
    if (this.context.registered.has(urn)) {
      throw this.context.error(urn, `Duplicate resource URN '${urn}'; try giving it a unique name`);
    }
    this.context.registered.add(urn);
    return urn;
  }

  /** The resource's last state, under its own URN or a former one. */
  private findOld(urn: string, goal: Goal): ResourceState | undefined {
    const { aliases, old, registered, state } = this.context;
    const claimedBy = aliases.renamedTo(urn);
    if (claimedBy !== undefined) {
      const text = `Duplicate resource URN '${urn}' conflicting with alias on resource with URN '${claimedBy}'`;
      throw this.context.error(urn, text);
    }
    const own = old.get(urn);
    if (own !== undefined) return own;
    const former = aliases.candidates(goal).find((candidate) => old.has(candidate));
    if (former === undefined) return undefined;
    const taken = registered.has(former) ? former : aliases.renamedTo(former);
    if (taken !== undefined) {
      const alias = `Duplicate resource alias '${former}' applied to resource with URN '${urn}'`;
      throw this.context.error(urn, `${alias} conflicting with resource with URN '${taken}'`);
    }
    aliases.claim(urn, former);
    state.apply({ op: "rename", from: former, to: urn });
    const renamed = old.get(former);
    return renamed && { ...renamed, urn };
  }

  private async plan(urn: string, goal: Goal, old: ResourceState | undefined): Promise<ResourceState> {
    const { preview } = this.context;
    const first = this.wanted(urn, goal, old);
    const provider = await this.providerOf(first);
    const deletedKeys = this.replacements.deletedKeys(urn);
    const targeted = this.isTargeted(urn);
    // What the inputs continue: nothing when it is known already that a new resource takes the place of the old one.
    const base = targeted || deletedKeys !== undefined || old?.external === true ? undefined : old;
    const asked = base === undefined ? goal.inputs : this.resetIgnored(urn, goal, base);
    const seed = targeted ? this.seed(urn, old?.id ?? "", "replacement") : this.seed(urn, base?.id ?? "");
    const inputs = await this.check(first, provider, base, asked, seed);
    const wanted: ResourceState = { ...first, inputs };
    if (await analyze(this.context, wanted, goal.name)) {
      if (!preview) {
        this.context.fail();
        throw new ReportedFailure(`resource ${urn} violates a mandatory policy`);
      }
      this.context.flawed = true;
    }

    if (old === undefined) return this.executor.create(wanted, provider);
    if (deletedKeys !== undefined) {
      this.context.replaced.add(urn);
      this.executor.markReplaced(old, wanted);
      return this.executor.create(wanted, provider, old, forcedReplacement(deletedKeys));
    }
    if (old.external === true) {
      const created = await this.executor.create(wanted, provider, old);
      this.executor.markReplaced(old, created);
      return created;
    }

    const difference = await this.difference(wanted, old, provider, goal);
    const hasInitErrors = (old.initErrors ?? []).length > 0;
    if (difference.replaces || old.pendingReplacement === true)
      return this.replace(wanted, old, goal, provider, difference);
    if (difference.changed || hasInitErrors) return this.executor.update(old, wanted, provider, difference);
    return this.executor.same(old, wanted);
  }

  private async replace(
    checked: ResourceState,
    old: ResourceState,
    goal: Goal,
    provider: Provider | undefined,
    difference: Difference,
  ): Promise<ResourceState> {
    const { urn } = checked;
    if (checked.protect === true && old.protect === true) {
      const message =
        `unable to replace resource "${urn}"\nas it is currently marked for protection. To unprotect the resource, ` +
        "remove the `protect` flag from the resource in your Pulumi program and run `pulumi up`";
      if (!this.context.preview) throw this.context.error(urn, message);
      // A preview goes on, to show what else there is.
      this.context.reporter.diagnostic("error", urn, message);
    }
    this.context.replaced.add(urn);
    // A second Check, of what the program said and nothing else, gives the new resource a generated name of its own.
    const inputs = this.isTargeted(urn)
      ? checked.inputs
      : await this.check(checked, provider, undefined, goal.inputs, this.seed(urn, old.id ?? "", "replacement"));
    const wanted = { ...checked, inputs };
    const deleteFirst = goal.deleteBeforeReplace ?? difference.deleteBeforeReplace;
    if (deleteFirst) await this.replacements.deleteFirst(old);
    const isGone = deleteFirst || old.pendingReplacement === true;
    if (isGone) this.executor.markReplaced(old, wanted, difference);
    const created = await this.executor.create(wanted, provider, old, difference);
    if (!isGone) this.executor.markReplaced(old, created, difference);
    return created;
  }

  /** Whether the user has asked for the replacement of the resource. */
  private isTargeted(urn: string): boolean {
    return this.context.options.replace?.includes(urn) === true;
  }

  private async difference(
    wanted: ResourceState,
    old: ResourceState,
    provider: Provider | undefined,
    goal: Goal,
  ): Promise<Difference> {
    const { urn, deletedWith, inputs } = wanted;
    if (this.isTargeted(urn)) return forcedReplacement(["id"]);
    if (deletedWith !== undefined && this.context.replaced.has(deletedWith)) return forcedReplacement(["deletedWith"]);
    if (await this.providerChanged(wanted, old)) return forcedReplacement(["provider"]);
    if (!wanted.custom) return equals(old.inputs, inputs) ? UNCHANGED : { ...UNCHANGED, changed: true };
    const request = diffRequest(old, inputs, goal.ignoreChanges);
    const answer = await this.context.limited(() => (provider ?? this.context.providers).diff(request));
    const hasInitErrors = (old.initErrors ?? []).length > 0;
    return differenceOf(answer, request, { replaceOnChanges: goal.replaceOnChanges, hasInitErrors });
  }

  /** Whether the resource moves to a provider that cannot manage what the old one made. */
  private async providerChanged(wanted: ResourceState, old: ResourceState): Promise<boolean> {
    const [before = "", after = ""] = [old.provider, wanted.provider];
    if (before === after) return false;
    if (before === "" || after === "") return true;
    const from = parseProviderReference(before).urn;
    const to = parseProviderReference(after).urn;
    if (this.context.aliases.renamedTo(from) === to) return false;
    const [oldProvider, newProvider] = [this.context.old.get(from), this.context.state.get(to)];
    if (oldProvider === undefined || newProvider === undefined) return true;
    return this.context.providers.mustReplace(oldProvider, newProvider);
  }

  private async check(
    resource: ResourceState,
    provider: Provider | undefined,
    old: ResourceState | undefined,
    news: PropertyMap,
    randomSeed: Uint8Array,
  ): Promise<PropertyMap> {
    const { urn, type } = resource;
    if (!resource.custom) return news;
    const request = { urn, olds: old?.inputs ?? {}, news: mapValues(news, dereference), randomSeed };
    const result = await this.context.limited(() => (provider ?? this.context.providers).check(request));
    if (!this.context.preview && containsUnknown(result.inputs)) {
      throw new Error("the provider's Check answered an unknown value outside a preview");
    }
    if (result.failures.length === 0) return result.inputs;
    const resourceText = `${type} resource '${urnName(urn)}'`;
    const texts = result.failures.map(({ property, reason }) => {
      const what = property === "" ? resourceText : `${resourceText}: property ${property}`;
      return `${what} has a problem: ${reason}`;
    });
    for (const text of texts) this.context.error(urn, text);
    throw new ReportedFailure(texts.join("\n"));
  }

  private resetIgnored(urn: string, goal: Goal, old: ResourceState): PropertyMap {
    const { inputs, impossible } = resetIgnored(goal.inputs, old.inputs, goal.ignoreChanges ?? []);
    if (impossible.length > 0) {
      const paths = impossible.map((path) => `"${path}"`).join(", ");
      const text = `cannot ignore changes in added or removed elements of the path: ${paths}`;
      this.context.reporter.diagnostic("info", urn, text);
    }
    return inputs;
  }

  private async providerOf(resource: ResourceState): Promise<Provider | undefined> {
    if (!resource.custom || isProviderType(resource.type)) return undefined;
    const reference = resource.provider ?? "";
    const provider = this.context.providers.get(reference);
    if (provider !== undefined) return provider;
    throw new Error(`unknown provider '${reference}' for resource '${resource.urn}'`);
  }

  /** The state that the goal asks for, before the provider has seen it. */
  private wanted(urn: string, goal: Goal, old: ResourceState | undefined): ResourceState {
    const { name, providers, version, pluginDownloadUrl, deleteBeforeReplace, aliases, ...asked } = goal;
    const { created, modified } = old ?? {};
    return { ...NOTHING_SAID, urn, ...omitEmpty({ ...asked, created, modified }) };
  }

  /** The same for a preview and the update that follows it, and another one for each resource that takes its place. */
  private seed(...parts: readonly string[]): Uint8Array {
    return createHash("sha256").update(parts.join("\n")).digest();
  }
}
