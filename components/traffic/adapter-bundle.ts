import { createHash } from "node:crypto";
import { join } from "node:path";

import { buildSync } from "esbuild";

/** The adapter as one file of JavaScript. */
export interface AdapterBundle {
  readonly text: string;
  /** Of the text, 10 hexadecimal digits. */
  readonly hash: string;
}

const ROOT = join(__dirname, "..", "..");
/** A ConfigMap holds 1 MiB of values; some of it is left for what Pulumi adds. */
const LARGEST = 1_000_000;

let made: AdapterBundle | undefined;

/**
 * Bundles the adapter from its sources, so that it runs in a cluster without anybody publishing an image. The same sources and the
 * same esbuild give the same text. It takes a tenth of a second, once a process.
 *
 * @throws RangeError if it does not fit a ConfigMap any more
 */
export function bundleAdapter(): AdapterBundle {
  made ??= build();
  return made;
}

function build(): AdapterBundle {
  const { outputFiles } = buildSync({
    absWorkingDir: ROOT,
    entryPoints: ["smi/adapter/main.ts"],
    bundle: true,
    minify: true,
    platform: "node",
    target: "node20",
    format: "cjs",
    legalComments: "none",
    logLevel: "silent",
    write: false,
  });
  const text = outputFiles[0]!.text;
  if (text.length > LARGEST) {
    throw new RangeError(`the adapter's bundle has ${text.length} characters, a ConfigMap holds ${LARGEST}; set image`);
  }
  return { text, hash: createHash("sha256").update(text).digest("hex").slice(0, 10) };
}
