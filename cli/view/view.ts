import type { EngineEvent } from "../../local/engine/types";
import { LinesView } from "./lines";
import { TreeView } from "./tree";

/** Shows a run while it goes on. */
export interface View {
  event(event: EngineEvent): void;
  /** The run is over: leave the screen as it should stay. */
  close(): void;
}

/** Seconds that an operation takes on the real cloud. */
export type LatencyOf = (type: string, operation: "create" | "update" | "delete") => number;

/** A live tree on a terminal, plain lines elsewhere. */
export function openView(stream: NodeJS.WriteStream, latency: LatencyOf): View {
  return stream.isTTY ? new TreeView(stream, latency) : new LinesView(stream, latency);
}
