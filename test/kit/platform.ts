import { Platform } from "../../components/platform";
import { planOf } from "./environment";

/** The program of a spec, as `index.ts` runs it. */
export function platform(spec: unknown): () => void {
  return () => void new Platform("platform", planOf(spec));
}
