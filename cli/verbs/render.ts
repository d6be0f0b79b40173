import { resolve } from "node:path";

import { up } from "../../local/engine";
import { clustersOf } from "../clusters";
import { LOCAL, throwawayRunOptions } from "../local-environment";
import { openProject } from "../project";
import { checkRenderingFolder, renderObjects, writeRendering } from "../render";
import { UserError } from "../user-error";
import { shown } from "../view/summary";

/**
 * `isthmus render`: every cluster's Kubernetes objects as YAML. The environment is stood up in memory on simulated clouds,
 * whatever state it is in, so what a cloud would assign (role ARNs, client ids) is simulated.
 */
export async function renderVerb({
  out,
  env = LOCAL,
  json = false,
}: {
  out: string;
  env?: string;
  json?: boolean;
}): Promise<number> {
  checkRenderingFolder(resolve(out));
  const options = throwawayRunOptions(openProject(), env);
  const result = await up(options);
  if (!result.succeeded) {
    const errors = result.diagnostics.filter(({ severity }) => severity === "error").map(({ message }) => message);
    throw new UserError(`the environment "${env}" cannot be rendered:\n${errors.join("\n")}`);
  }
  const { resources } = await options.store.load();
  const header = `Rendered from the environment "${env}" on simulated clouds: ids that a cloud assigns are simulated.`;
  const files = renderObjects(resources, clustersOf(resources), header);
  writeRendering(resolve(out), files);
  const paths = files.map(({ path }) => path);
  process.stdout.write(
    json
      ? `${JSON.stringify({ environment: env, directory: resolve(out), files: paths }, null, 2)}\n`
      : `${paths.length} files of "${env}" in ${shown(resolve(out))}, one folder a cluster\n`,
  );
  return 0;
}
