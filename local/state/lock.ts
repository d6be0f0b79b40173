import * as fs from "node:fs";
import * as os from "node:os";

import { StoreLocked } from "./store";

interface Holder {
  readonly pid: number;
  /** Name of the user whose process it is. */
  readonly owner: string;
  readonly host: string;
  /** ISO 8601. */
  readonly time: string;
}

/** A lock that is held. */
export interface Lock {
  readonly notes: readonly string[];
  release(): void;
}

/**
 * Takes the lock file. A lock whose process is gone on this host is taken over, with a note that says so; any other one is
 * a `StoreLocked` that names the holder and what to do.
 */
export function takeLock(file: string): Lock {
  const mine: Holder = { pid: process.pid, owner: userName(), host: os.hostname(), time: new Date().toISOString() };
  const notes: string[] = [];
  for (let attempt = 0; attempt < 3; attempt++) {
    try {
      fs.writeFileSync(file, `${JSON.stringify(mine)}\n`, { flag: "wx" });
      return { notes, release: () => fs.rmSync(file, { force: true }) };
    } catch (error) {
      if (!isCode(error, "EEXIST")) throw error;
    }
    const holder = readHolder(file);
    if (holder === undefined) {
      notes.push(`The lock ${file} was unreadable, left by a killed process; it was taken over.`);
    } else if (holder.host === mine.host && !isAlive(holder.pid)) {
      notes.push(
        `The lock of process ${holder.pid} of ${holder.owner} (since ${holder.time}) was stale: that process is gone. ` +
          "It was taken over.",
      );
    } else {
      throw new StoreLocked(
        `the state is in use by process ${holder.pid} of ${holder.owner} on ${holder.host} since ${holder.time}: wait ` +
          `for it to end, or, if you know that it is gone, delete ${file}`,
      );
    }
    fs.rmSync(file, { force: true });
  }
  throw new StoreLocked(`the lock ${file} changes hands too quickly: try again`);
}

/** A user without an entry in the system's list of users has a number only. */
function userName(): string {
  try {
    return os.userInfo().username;
  } catch {
    return `user ${process.getuid?.() ?? "unknown"}`;
  }
}

function readHolder(file: string): Holder | undefined {
  try {
    return JSON.parse(fs.readFileSync(file, "utf8")) as Holder;
  } catch {
    return undefined;
  }
}

/** Whether a process of this host is running; one of another user counts as running. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !isZombie(pid);
  } catch (error) {
    return isCode(error, "EPERM");
  }
}

/** A killed process stays in the table until its parent asks for it, which in a container may be never. */
function isZombie(pid: number): boolean {
  try {
    return / Z /.test(fs.readFileSync(`/proc/${pid}/stat`, "utf8").replace(/^.*\)/, ""));
  } catch {
    return false;
  }
}

function isCode(error: unknown, code: string): boolean {
  return typeof error === "object" && error !== null && "code" in error && error.code === code;
}
