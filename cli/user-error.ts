/** A mistake of the user's: printed as it is, without a stack trace, with exit code 1. */
export class UserError extends Error {
  override readonly name = "UserError";
}
