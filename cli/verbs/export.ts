import { exportDeployment } from "../../local/engine";
import { LocalEnvironment } from "../local-environment";
import { openProject } from "../project";
import { withStore } from "../run";

/** `isthmus export`: the state as `pulumi stack import` takes it. */
export async function exportVerb(): Promise<number> {
  const environment = new LocalEnvironment(openProject());
  const deployment = await withStore(() => exportDeployment(environment.store));
  process.stdout.write(`${JSON.stringify(deployment, null, 4)}\n`);
  return 0;
}
