import pc from "picocolors";

import { BadFault, faultText, FaultyClouds, parseFault, type Fault, type Operation } from "../local/clouds/faults";
import type { VirtualClock } from "../local/clouds";
import type { ProviderHost } from "../local/protocol/provider";
import { UserError } from "./user-error";

/** The faults of a run, and which of them have struck. */
export class InjectedFaults {
  private readonly faults: readonly Fault[];
  private readonly met = new Map<Fault, Operation>();

  /** Throws a `UserError` with all texts that name no fault. */
  constructor(texts: readonly string[] = []) {
    const problems: string[] = [];
    this.faults = texts.flatMap((text) => {
      try {
        return [parseFault(text)];
      } catch (error) {
        if (!(error instanceof BadFault)) throw error;
        problems.push(error.message);
        return [];
      }
    });
    if (problems.length > 0) throw new UserError(problems.join("\n"));
  }

  /** The host, with the faults in it. */
  in(clouds: ProviderHost, clock: VirtualClock, onFault: (line: string) => void = () => {}): ProviderHost {
    if (this.faults.length === 0) return clouds;
    return new FaultyClouds(clouds, {
      faults: this.faults,
      clock,
      onFault: (fault, operation) => {
        this.met.set(fault, operation);
        onFault(describe(fault, operation));
      },
    });
  }

  /** What struck where, a line for each fault. */
  lines(): string[] {
    return this.faults.map((fault) => describe(fault, this.met.get(fault)));
  }

  /** For a JSON document: nothing when there are no faults. */
  document() {
    if (this.faults.length === 0) return {};
    return { faults: this.faults.map((fault) => ({ fault: faultText(fault), met: this.met.get(fault) ?? null })) };
  }
}

function describe(fault: Fault, met: Operation | undefined): string {
  const text = pc.bold(faultText(fault));
  if (met === undefined) return `fault ${text} met no operation`;
  const where = [met.operation, met.type, ...(met.name === "" ? [] : [met.name])].join(" ");
  return `fault ${text} struck ${where}`;
}
