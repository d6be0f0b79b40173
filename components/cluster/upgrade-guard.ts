import * as pulumi from "@pulumi/pulumi";

import { describe } from "../problem";
import { controlPlaneProblem } from "./upgrade";

/**
 * Options of a control plane that refuse, in a preview already, an upgrade that its cloud would refuse in the middle of an
 * `up`. A hook sees what no plan can: the version that the cluster has.
 *
 * @param name of the control plane in the program
 * @param path of the cluster in the spec
 * @param input that holds the wanted version
 * @param output that holds the version that the cluster has
 */
export function guardingUpgrades(
  name: string,
  path: string,
  { input, output }: { readonly input: string; readonly output: string },
): Pick<pulumi.CustomResourceOptions, "hooks"> {
  const hook = new pulumi.ResourceHook(
    `${name}-upgrade`,
    ({ oldOutputs, newInputs }) => {
      const [from, to]: unknown[] = [oldOutputs?.[output], newInputs?.[input]];
      if (typeof from !== "string" || typeof to !== "string") return;
      const problem = controlPlaneProblem(`${path}.kubernetesVersion`, from, to);
      if (problem !== undefined) throw new Error(describe(problem));
    },
    { onDryRun: true },
  );
  return { hooks: { beforeUpdate: [hook] } };
}
