import pc from "picocolors";

import type { EngineEvent, Step } from "../../local/engine/types";
import { doing, duration, expectation, isChange, nameOf, shortType, type LatencyOf } from "./format";
import { describeStep, remarkOf } from "./lines";
import type { View } from "./view";

/** What a component's part of the tree shows. */
interface Branch {
  readonly name: string;
  readonly type: string;
  done: number;
  readonly changes: Step[];
  /** What is being done now, with the time at which it began. */
  readonly running: Map<string, { readonly step: Step; readonly since: number }>;
}

const FRAME_MILLISECONDS = 80;
const SPINNER = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];

/**
 * A live tree like Pulumi's: the parts of the platform, under each what is being done now and for how long, and how long
 * the same takes on the real cloud. When the run is over, the changes stay on the screen.
 */
export class TreeView implements View {
  private readonly branches = new Map<string, Branch>();
  private readonly parents = new Map<string, string>();
  private readonly notes: string[] = [];
  private readonly timer: NodeJS.Timeout;
  private drawn = 0;
  private frame = 0;

  constructor(
    private readonly stream: NodeJS.WriteStream,
    private readonly latency: LatencyOf,
  ) {
    this.timer = setInterval(() => this.draw(), FRAME_MILLISECONDS);
    this.timer.unref();
  }

  event(event: EngineEvent): void {
    switch (event.kind) {
      case "step-started":
        this.branchOf(event.step).running.set(event.step.urn, { step: event.step, since: Date.now() });
        return;
      case "step-finished":
      case "step-failed":
        this.finish(event.step, event.kind === "step-failed");
        return;
      default: {
        const remark = remarkOf(event);
        if (remark !== undefined) this.notes.push(remark);
      }
    }
  }

  close(): void {
    clearInterval(this.timer);
    this.erase();
    for (const branch of this.branches.values()) {
      if (branch.changes.length === 0) continue;
      this.stream.write(`${this.title(branch)}\n`);
      for (const step of branch.changes) this.stream.write(`   ${describeStep(step, this.latency)}\n`);
    }
    for (const note of this.notes) this.stream.write(`${note}\n`);
  }

  private finish(step: Step, failed: boolean): void {
    const branch = this.branchOf(step);
    branch.running.delete(step.urn);
    branch.done += 1;
    if (isChange(step)) branch.changes.push(step);
    if (failed) this.notes.push(pc.red(`! ${shortType(step.type)} ${nameOf(step.urn)} failed`));
  }

  /** The branch of the component just below the platform: deeper ones are folded into it. */
  private branchOf(step: Step): Branch {
    const state = step.new ?? step.old;
    if (state?.parent !== undefined) this.parents.set(step.urn, state.parent);
    const path = [step.urn];
    for (let parent = this.parents.get(step.urn); parent !== undefined; parent = this.parents.get(parent))
      path.unshift(parent);
    const key = path[Math.min(2, path.length - 1)]!;
    let branch = this.branches.get(key);
    if (branch === undefined) {
      const type = key.split("::")[2]!.split("$").at(-1)!;
      branch = { name: nameOf(key), type, done: 0, changes: [], running: new Map() };
      this.branches.set(key, branch);
    }
    return branch;
  }

  private draw(): void {
    this.frame += 1;
    const rows = Math.max(4, (this.stream.rows ?? 24) - 1);
    const branches = [...this.branches.values()];
    const all = branches.flatMap((branch) => this.lines(branch));
    // What does not fit is what is not being worked on.
    const active = branches.filter(({ running }) => running.size > 0);
    const lines = all.length <= rows ? all : active.flatMap((branch) => this.lines(branch));
    this.erase();
    const shown = lines.slice(-rows).map((line) => truncate(line, this.stream.columns ?? 80));
    if (shown.length > 0) this.stream.write(`${shown.join("\n")}\n`);
    this.drawn = shown.length;
  }

  private lines(branch: Branch): string[] {
    const running = [...branch.running.values()].map(({ step, since }) => {
      const elapsed = duration((Date.now() - since) / 1000);
      return `   ${SPINNER[this.frame % SPINNER.length]} ${doing(step.operation)} ${shortType(step.type)} ${nameOf(step.urn)} ${elapsed}${expectation(step, this.latency)}`;
    });
    return [this.title(branch), ...running];
  }

  private title({ name, type, done, changes }: Branch): string {
    const counted = changes.length === 0 ? `${done} done` : `${done} done, ${changes.length} changed`;
    return `${pc.bold(name)} ${pc.dim(shortType(type))} ${pc.dim(counted)}`;
  }

  private erase(): void {
    if (this.drawn > 0) this.stream.write(`\u001b[${this.drawn}A\u001b[0J`);
    this.drawn = 0;
  }
}

/** Cuts a line to the terminal's width without counting colour codes, and closes them. */
function truncate(line: string, width: number): string {
  let visible = 0;
  let cut = "";
  for (const part of line.split(/(\u001b\[[0-9;]*m)/)) {
    if (part.startsWith("\u001b[")) {
      cut += part;
      continue;
    }
    cut += part.slice(0, Math.max(0, width - 1 - visible));
    visible += part.length;
  }
  return cut;
}
