import type { EngineEvent } from "../../local/engine/types";
import type { LatencyOf } from "./format";
import { LinesView } from "./lines";
import { TreeView } from "./tree";

/** Shows a run while it goes on. */
export interface View {
  event(event: EngineEvent): void;
  /** The run is over: leave the screen as it should stay. */
  close(): void;
}

/** A live tree on a terminal, plain lines elsewhere. */
export function openView(stream: NodeJS.WriteStream, latency: LatencyOf): View {
  return stream.isTTY ? new TreeView(stream, latency) : new LinesView(stream, latency);
}
