/**
 * Records what Pulumi's own CLI does with the corpus: `npm run corpus:record [lifecycle...]`, with `pulumi` and
 * `pulumi-language-nodejs` on PATH. Writes to `recorded/`, which `corpus.test.ts` holds the embedded engine to.
 */
import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";

import * as prettier from "prettier";
import type { JavaScriptValue } from "google-protobuf/google/protobuf/struct_pb";

import { serveClouds } from "../../../../local/clouds/server";
import { CorpusCloud } from "./cloud";
import { configOf, observe, openSecrets, verbOf } from "./embedded";
import type { Events } from "./embedded";
import type { Generation, Lifecycle } from "./lifecycle";
import { Identifiers } from "./observation";
import type { EventLine, Json, Observed } from "./observation";
import { lifecycles } from "./programs";

const TOY = "urn:pulumi:local::test::toy:index:Thing::";

/** A project folder of its own, whose program is the corpus. */
class RealCli {
  private readonly environment: NodeJS.ProcessEnv;

  constructor(
    private readonly directory: string,
    port: number,
  ) {
    const main = JSON.stringify(path.join(__dirname, "main.ts"));
    fs.writeFileSync(path.join(directory, "index.js"), `module.exports = require(${main});\n`);
    fs.writeFileSync(path.join(directory, "package.json"), "{}\n");
    fs.symlinkSync(path.resolve(__dirname, "../../../../node_modules"), path.join(directory, "node_modules"));
    const nodeargs = `-r ${require.resolve("esbuild-register")}`;
    const runtime = { name: "nodejs", options: { typescript: false, nodeargs } };
    fs.writeFileSync(path.join(directory, "Pulumi.yaml"), JSON.stringify({ name: "test", runtime, main: "index.js" }));
    // npm puts this project's own `pulumi` first, which would fetch the CLI.
    const PATH = (process.env.PATH ?? "").split(path.delimiter).filter((item) => !item.includes("node_modules"));
    this.environment = {
      ...process.env,
      PATH: PATH.join(path.delimiter),
      HOME: directory,
      PULUMI_BACKEND_URL: `file://${directory}`,
      PULUMI_CONFIG_PASSPHRASE: "",
      PULUMI_DEBUG_PROVIDERS: `toy:${port}`,
      PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
      PULUMI_ENABLE_STREAMING_JSON_PREVIEW: "true",
      PULUMI_SKIP_UPDATE_CHECK: "true",
    };
  }

  configure(values: Readonly<Record<string, string>>): void {
    fs.writeFileSync(path.join(this.directory, "Pulumi.local.yaml"), JSON.stringify({ config: values }));
  }

  async events(args: readonly string[]): Promise<Events> {
    const { code, output } = await this.run([...args, "--json"]);
    const lines = output.split("\n").filter((line) => line.startsWith("{"));
    return { succeeded: code === 0, lines: lines.map((line) => JSON.parse(line) as EventLine) };
  }

  async resources(): Promise<Json[]> {
    const { output } = await this.run(["stack", "export", "--show-secrets"]);
    const file = JSON.parse(output) as { readonly deployment: { readonly resources?: readonly JavaScriptValue[] } };
    return (file.deployment.resources ?? []).map((resource) => openSecrets(resource) as Json);
  }

  run(args: readonly string[]): Promise<{ code: number | null; output: string }> {
    const child = spawn("pulumi", [...args, "--non-interactive"], {
      cwd: this.directory,
      env: this.environment,
      stdio: ["ignore", "pipe", "inherit"],
    });
    let output = "";
    child.stdout.on("data", (text: Buffer) => (output += text.toString()));
    return new Promise((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (code) => resolve({ code, output }));
    });
  }
}

async function record(lifecycle: Lifecycle): Promise<Observed[]> {
  const cloud = new CorpusCloud(lifecycle.found);
  const served = await serveClouds(cloud, ["toy"]);
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), "corpus-"));
  try {
    const cli = new RealCli(directory, served.ports.toy ?? 0);
    await cli.run(["stack", "init", "local"]);
    const ids = new Identifiers();
    const observed: Observed[] = [];
    let before: Json[] = [];
    for (const [index, generation] of lifecycle.generations.entries()) {
      cloud.enter(generation);
      cli.configure(configOf(lifecycle, generation, index));
      const planned = await plan(cli, generation);
      const done = await cli.events([verbOf(generation), "--yes", "--skip-preview", ...replaceArgs(generation)]);
      const after = await cli.resources();
      observed.push(observe(generation.name, planned, done, before, after, ids));
      before = after;
    }
    return observed;
  } finally {
    await served.close();
    fs.rmSync(directory, { recursive: true, force: true });
  }
}

async function plan(cli: RealCli, generation: Generation): Promise<Events | undefined> {
  switch (verbOf(generation)) {
    case "up":
      return cli.events(["preview", ...replaceArgs(generation)]);
    case "refresh":
      return cli.events(["refresh", "--preview-only"]);
    case "destroy":
      return undefined;
  }
}

function replaceArgs({ replace = [] }: Generation): string[] {
  return replace.flatMap((name) => ["--replace", TOY + name]);
}

async function main(names: readonly string[]): Promise<void> {
  for (const lifecycle of lifecycles) {
    if (names.length > 0 && !names.includes(lifecycle.name)) continue;
    const file = path.join(__dirname, "recorded", `${lifecycle.name}.json`);
    const text = JSON.stringify(await record(lifecycle), null, 2);
    fs.writeFileSync(file, await prettier.format(text, { ...(await prettier.resolveConfig(file)), filepath: file }));
    process.stdout.write(`${lifecycle.name}\n`);
  }
}

void main(process.argv.slice(2));
