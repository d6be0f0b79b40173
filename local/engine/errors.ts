/** A step that the run does not start any more, because another one has failed or the user has stopped it. */
export class RunStopped extends Error {
  override readonly name: string = "RunStopped";
  constructor() {
    super("the run has been stopped");
  }
}

/** A provider's answer that the run did not wait for: whether its operation was done is not known. */
export class RunAbandoned extends RunStopped {}

/** A failure that has been reported already, with the resource it concerns: nothing more is to be said about it. */
export class ReportedFailure extends Error {
  override readonly name = "ReportedFailure";
}

/** The text of an error for the user: its message, never its stack. */
export function messageOf(error: unknown): string {
  // Not `instanceof`: errors also come from other realms, such as those of test runners.
  const message = typeof error === "object" && error !== null && "message" in error ? error.message : error;
  return String(message);
}

/** What a program has written about an error, without its stack traces. */
export function withoutStack(text: string): string {
  const lines = text.split("\n").filter((line) => !/^\s+at /.test(line));
  return lines.join("\n").trim();
}
