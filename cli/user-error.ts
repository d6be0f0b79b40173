/** A mistake of the user's: printed as it is, without a stack trace. */
export class UserError extends Error {
  override readonly name = "UserError";

  /** @param exitCode 1, or what the verb says in its place where 1 is an answer */
  constructor(
    message: string,
    readonly exitCode = 1,
  ) {
    super(message);
  }
}
