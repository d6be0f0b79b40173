import * as pulumi from "@pulumi/pulumi";
import { allConfig } from "@pulumi/pulumi/runtime/config";

import { planEnvironment } from "./components/plan";
import { Platform } from "./components/platform";
import type { Environment } from "./components/spec";
import { today } from "./components/waivers";
import dev from "./stacks/dev";
import local from "./stacks/local";
import prod from "./stacks/prod";
import staging from "./stacks/staging";

/** Each stack of the project has its spec; a new environment is a file in `stacks/` and a line here. */
const environments: Readonly<Record<string, Environment>> = { local, dev, staging, prod };

const stack = pulumi.getStack();
const spec = environments[stack];
if (spec === undefined) {
  const known = Object.keys(environments).join(", ");
  throw new pulumi.RunError(
    `the stack "${stack}" has no spec; there are specs for ${known}. Select one with -s, or add stacks/${stack}.ts and name it in index.ts.`,
  );
}
const plan = planEnvironment({
  environment: stack,
  spec,
  config: allConfig(),
  project: pulumi.getProject(),
  directory: __dirname,
  today: today(),
});
const platform = new Platform("platform", plan);

/** What this environment consists of: `pulumi stack output platform`. */
export const summary = platform.summary;

/** Kubeconfigs by cluster: `pulumi stack output kubeconfigs --show-secrets`. */
export const kubeconfigs = platform.kubeconfigs;
