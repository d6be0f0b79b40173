/** How the real provider of a package behaves when its service does not. */
export interface ProviderManners {
  /** Requests after which it gives up, the first one among them. */
  readonly attempts: number;
  /** Seconds before it tries again, by the number of attempts so far. */
  pause(attempt: number): number;
  /** Seconds that it waits for an operation without a custom timeout. */
  readonly timeout: number;
  /** Seconds after which its own reads see what it has changed. */
  readonly settles: number;
  /** The service's words. */
  readonly internalError: string;
  readonly tooManyRequests: string;
}

const OTHER: ProviderManners = {
  attempts: 1,
  pause: () => 1,
  timeout: 20 * 60,
  settles: 1,
  internalError: "internal error",
  tooManyRequests: "too many requests",
};

const MANNERS: Readonly<Record<string, ProviderManners>> = {
  // `maxRetries` is 25 by default (terraform-provider-aws). The SDK doubles its pause up to 20 seconds; its jitter is left
  // out. 20 minutes is the Terraform SDK's default. What is new is looked for again for up to 2 minutes.
  aws: {
    attempts: 25,
    pause: (attempt) => Math.min(2 ** (attempt - 1), 20),
    timeout: 20 * 60,
    settles: 10,
    internalError: "api error InternalError: An internal error has occurred",
    tooManyRequests: "exceeded maximum number of attempts, 25: api error ThrottlingException: Rate exceeded",
  },
  // azcore tries three times again, after 0.8 seconds and then twice as long each time. The timeout is an estimate.
  "azure-native": {
    attempts: 4,
    pause: (attempt) => 0.8 * 2 ** (attempt - 1),
    timeout: 60 * 60,
    settles: 10,
    internalError: 'Code="InternalServerError" Message="Encountered internal server error."',
    tooManyRequests: 'Code="TooManyRequests" Message="The request is being throttled."',
  },
  // client-go heeds Retry-After up to ten times (rest/request.go); an API server sends one second. pulumi-kubernetes awaits
  // ten minutes. An API server's reads are consistent: only caches lag.
  kubernetes: {
    attempts: 11,
    pause: () => 1,
    timeout: 10 * 60,
    settles: 1,
    internalError: "Internal error occurred: etcdserver: request timed out",
    tooManyRequests: "the server has received too many requests and has asked us to try again later",
  },
};

export function mannersOf(pkg: string): ProviderManners {
  return MANNERS[pkg] ?? OTHER;
}
