/**
 * Takes two debugging aids out of the Pulumi SDK, for whoever imports this: the stack that it keeps with every promise to name
 * those that leak, and the one that it keeps with every resource to say where it was made. jest maps each frame of both to its
 * source, which was a third of the time of every test that runs a program in its own process.
 */
import * as pulumi from "@pulumi/pulumi";

/** What the SDK does not declare. */
interface Debuggable {
  debuggablePromise: <T>(promise: Promise<T>) => Promise<T>;
}

// eslint-disable-next-line @typescript-eslint/no-require-imports -- an import could not be assigned to
const debuggable = require("@pulumi/pulumi/runtime/debuggable") as Debuggable;
debuggable.debuggablePromise = (promise) => promise;

Object.defineProperty(pulumi.Resource, "stackTrace", { value: () => [] });
