import type { Anchor } from "../model";
import { parseRegex } from "./parse";
import { ANY, bit, type CharSet, OTHER_BIT, type Regex } from "./syntax";

/** A set of strings: those that the expression matches from their start, to their end if the anchor is `full`. */
export interface Language {
  readonly pattern: string;
  readonly anchor: Anchor;
}

/** Nondeterministic automaton (Thompson's construction). State 0 is the start. */
export interface Nfa {
  readonly moves: readonly (readonly { readonly set: CharSet; readonly to: number }[])[];
  readonly jumps: readonly (readonly { readonly to: number; readonly when: "always" | "start" | "end" }[])[];
  readonly accept: number;
}

/** States that an Nfa may be in, sorted. */
export type StateSet = readonly number[];

/** Counted repetition is unrolled, so an expression can be too large to analyse. */
const MAX_NFA_STATES = 4000;

/** The language's automaton, or undefined if it has word boundaries or is too large: then nothing can be proved. */
export function compile(language: Language): Nfa | undefined {
  const builder = new NfaBuilder();
  try {
    const accept = builder.add(parseRegex(language.pattern), 0);
    if (language.anchor === "start") {
      // What follows the match is free. A `$` inside the expression still holds, since `end` jumps only count at the end.
      const tail = builder.state();
      builder.jumps[accept]!.push({ to: tail, when: "always" });
      builder.moves[tail]!.push({ set: ANY, to: tail });
      return { moves: builder.moves, jumps: builder.jumps, accept: tail };
    }
    return { moves: builder.moves, jumps: builder.jumps, accept };
  } catch (problem) {
    if (problem instanceof NotAnalysable) return undefined;
    throw problem;
  }
}

class NotAnalysable extends Error {}

class NfaBuilder {
  readonly moves: { set: CharSet; to: number }[][] = [[]];
  readonly jumps: { to: number; when: "always" | "start" | "end" }[][] = [[]];

  state(): number {
    if (this.moves.length >= MAX_NFA_STATES) throw new NotAnalysable();
    this.jumps.push([]);
    return this.moves.push([]) - 1;
  }

  /** Adds what the expression matches from `from`; returns the state after it. */
  add(regex: Regex, from: number): number {
    switch (regex.type) {
      case "empty":
        return from;
      case "set": {
        const to = this.state();
        this.moves[from]!.push({ set: regex.set, to });
        return to;
      }
      case "assert": {
        if (regex.what === "boundary" || regex.what === "inside") throw new NotAnalysable();
        return this.jump(from, this.state(), regex.what);
      }
      case "concat":
        return regex.items.reduce((at, item) => this.add(item, at), from);
      case "alternate": {
        const end = this.state();
        for (const item of regex.items) this.jump(this.add(item, this.jump(from, this.state())), end);
        return end;
      }
      case "repeat":
        return this.repeat(regex, from);
    }
  }

  private repeat(regex: Extract<Regex, { type: "repeat" }>, from: number): number {
    let at = from;
    for (let count = 0; count < regex.min; count++) at = this.add(regex.item, at);
    if (regex.max === Infinity) {
      const loop = this.jump(at, this.state());
      this.jump(this.add(regex.item, this.jump(loop, this.state())), loop);
      return this.jump(loop, this.state());
    }
    const end = this.state();
    for (let count = regex.min; count < regex.max; count++) {
      this.jump(at, end);
      at = this.add(regex.item, this.jump(at, this.state()));
    }
    return this.jump(at, end);
  }

  private jump(from: number, to: number, when: "always" | "start" | "end" = "always"): number {
    this.jumps[from]!.push({ to, when });
    return to;
  }
}

/** The states before the first character. */
export function startStates(nfa: Nfa): StateSet {
  return close(nfa, [0], { start: true, end: false });
}

/** The states after one character, given as a set of characters that the automaton does not tell apart. */
export function step(nfa: Nfa, states: StateSet, char: CharSet): StateSet {
  const next: number[] = [];
  for (const state of states) for (const move of nfa.moves[state]!) if (move.set & char) next.push(move.to);
  return close(nfa, next, { start: false, end: false });
}

/** Whether a string that ends in these states belongs to the language. */
export function accepts(nfa: Nfa, states: StateSet, atStart: boolean): boolean {
  return close(nfa, states, { start: atStart, end: true }).includes(nfa.accept);
}

function close(nfa: Nfa, states: StateSet, at: { start: boolean; end: boolean }): StateSet {
  const reached = new Set(states);
  const pending = [...states];
  for (let state = pending.pop(); state !== undefined; state = pending.pop()) {
    for (const { to, when } of nfa.jumps[state]!) {
      if (!reached.has(to) && (when === "always" || at[when])) {
        reached.add(to);
        pending.push(to);
      }
    }
  }
  return [...reached].sort((left, right) => left - right);
}

/** The coarsest classes of characters that none of the automata tells apart; each character is in one of them. */
export function charClasses(nfas: readonly Nfa[], extra: readonly CharSet[] = []): CharSet[] {
  const sets = [
    ...new Set([...extra, ...nfas.flatMap((nfa) => nfa.moves.flatMap((moves) => moves.map(({ set }) => set)))]),
  ];
  const classes = new Map<string, CharSet>();
  for (let code = 0; code <= OTHER_BIT; code++) {
    // Control characters other than the tab are refused by HTTP parsers.
    if ((code < 32 && code !== 9) || code === 127) continue;
    const signature = sets.map((set) => (set & bit(code) ? "1" : "0")).join("");
    classes.set(signature, (classes.get(signature) ?? 0n) | bit(code));
  }
  return [...classes.values()];
}
