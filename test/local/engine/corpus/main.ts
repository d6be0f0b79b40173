import * as pulumi from "@pulumi/pulumi";

import { lifecycles } from "./programs";

const config = new pulumi.Config("corpus");
const name = config.require("lifecycle");

/** The program of a process of its own: the generation that the configuration names. */
export = async (): Promise<Record<string, unknown> | void> => {
  const generation = lifecycles.find((item) => item.name === name)?.generations[config.requireNumber("generation")];
  return generation?.program?.();
};
