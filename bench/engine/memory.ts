import { execFileSync } from "node:child_process";

/** Samples the memory of this process and of all that it has started. */
export class MemoryWatch {
  private readonly timer: NodeJS.Timeout;
  private highest = 0;

  constructor() {
    this.timer = setInterval(() => this.sample(), 400);
  }

  /** Ends the watch: the highest sum of resident sets that was seen, in MB. */
  stop(): number {
    clearInterval(this.timer);
    this.sample();
    return this.highest;
  }

  private sample(): void {
    const rows = execFileSync("ps", ["-A", "-o", "pid=,ppid=,rss=,comm="], { encoding: "utf8" }).trim().split("\n");
    const processes = rows.map((row) => row.trim().split(/\s+/)).filter(([, , , command]) => command !== "ps");
    const mine = new Set([String(process.pid)]);
    let sum = 0;
    // A process is listed after the one that has started it.
    for (const [pid = "", parent = "", rss] of processes) {
      if (!mine.has(pid) && !mine.has(parent)) continue;
      mine.add(pid);
      sum += Number(rss);
    }
    this.highest = Math.max(this.highest, sum / 1024);
  }
}
