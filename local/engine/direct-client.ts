import * as grpc from "@grpc/grpc-js";

/** A client of a service as the SDK has one: a method for each of the service's. */
export interface Client {
  close(): void;
}

type Answered = (error: Partial<grpc.StatusObject> | null, response?: unknown) => void;

/** Calls a method of a service in this process, without a connection. */
export function callDirectly(
  methods: grpc.UntypedServiceImplementation,
  method: string,
  request: object,
  answered: Answered,
): void {
  Reflect.apply(methods[method] as (...args: unknown[]) => void, undefined, [{ request }, answered]);
}

/**
 * A client that calls directly, and answers with later turns of the event loop and with errors as a connection does.
 *
 * @param beforeErrors What errors wait for. Default: nothing.
 */
export function directClient(
  methods: grpc.UntypedServiceImplementation,
  beforeErrors: () => Promise<unknown> = () => Promise.resolve(),
): Client {
  const calls = Object.keys(methods).map((method) => {
    const call = (request: object, ...rest: unknown[]): void => {
      // Between the request and what hears of the answer there may be metadata and options.
      const answered = rest.at(-1) as Answered;
      callDirectly(methods, method, request, (error, response) => {
        if (error === null) setImmediate(answered, null, response);
        else void beforeErrors().finally(() => setImmediate(answered, serviceError(error)));
      });
    };
    return [method, call] as const;
  });
  return { ...Object.fromEntries(calls), close: () => {} };
}

function serviceError({ code = grpc.status.UNKNOWN, details = "" }: Partial<grpc.StatusObject>): grpc.ServiceError {
  const message = `${code} ${grpc.status[code]}: ${details}`;
  return Object.assign(new Error(message), { code, details, metadata: new grpc.Metadata() });
}
