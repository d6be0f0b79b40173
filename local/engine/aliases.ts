import { makeUrn, urnName, urnType } from "../protocol/urn";
import type { AliasSpec, Goal } from "./goal";

/** Former names of the resources of a run. */
export class Aliases {
  /** URN of this run -> URN in the state, for every resource that was found under an alias. */
  private readonly used = new Map<string, string>();
  /** The reverse. */
  private readonly claimed = new Map<string, string>();

  constructor(
    private readonly stack: string,
    private readonly project: string,
  ) {}

  /** The current URN of a resource that the state knows under `old`, if it was renamed in this run. */
  renamedTo(old: string): string | undefined {
    return this.claimed.get(old);
  }

  /** The URN under which the state knew a resource of this run, if it was another one. */
  former(urn: string): string | undefined {
    return this.used.get(urn);
  }

  /** Records that `urn` was found as `old`. */
  claim(urn: string, old: string): void {
    this.used.set(urn, old);
    this.claimed.set(old, urn);
  }

  /**
   * Every URN that the resource may have had, in the order in which Pulumi tries them: its own aliases, then what follows
   * from the alias under which its parent was found (step_generator.go: generateAliases).
   */
  candidates(goal: Goal): string[] {
    const { parent = "", type, name } = goal;
    const own = goal.aliases.map((alias) => this.collapse(goal, alias));
    const parentAlias = this.used.get(parent);
    if (parentAlias === undefined) return own;
    const inherit = (type: string, name: string): string => this.inherit(type, name, urnName(parent), parentAlias);
    return [...own, inherit(type, name), ...own.map((alias) => inherit(urnType(alias), urnName(alias)))];
  }

  private collapse(goal: Goal, alias: AliasSpec): string {
    if (typeof alias === "string") return alias;
    const { name = goal.name, type = goal.type, stack = this.stack, project = this.project } = alias;
    const parent = alias.parent === undefined ? goal.parent : (this.used.get(alias.parent) ?? alias.parent);
    return makeUrn(stack, project, parent ?? "", type, name);
  }

  /** A child that is named after its parent is assumed to have been named after the parent's former name. */
  private inherit(type: string, name: string, parentName: string, parentAlias: string): string {
    const former = name.startsWith(parentName) ? urnName(parentAlias) + name.slice(parentName.length) : name;
    return makeUrn(this.stack, this.project, parentAlias, type, former);
  }
}
