import type { Lifecycle } from "../lifecycle";
import { failures } from "./failures";
import { hooks } from "./hooks";
import { identity } from "./identity";
import { options } from "./options";
import { providers } from "./providers";
import { refreshes } from "./refresh";
import { replacements } from "./replacements";
import { secrets } from "./secrets";
import { steps } from "./steps";

/** The corpus: every option and every kind of step, each in a small program that lives through a few versions. */
export const lifecycles: readonly Lifecycle[] = [
  ...steps,
  ...replacements,
  ...options,
  ...identity,
  ...secrets,
  ...providers,
  ...failures,
  ...refreshes,
  ...hooks,
];
