/** How gVisor gets onto a node of EKS: the user data, and what its script does on a node. */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { parse } from "yaml";

import { GVISOR_RELEASE, gvisorUserData, installScript } from "../../../components/cluster/eks/gvisor";
import { SANDBOX_RUNTIMES } from "../../../components/cluster/portable/sandbox-plan";

describe("gVisor's user data", () => {
  const SOURCE = "https://mirror.example/gvisor";
  const userData = gvisorUserData({ source: SOURCE, network: "host" });
  const [, boundary] = /^Content-Type: multipart\/mixed; boundary="(.+)"$/m.exec(userData)!;
  const parts = userData
    .split(`--${boundary}\n`)
    .slice(1)
    .map((part) => part.split(`--${boundary}--`)[0]!.split(/\n\n(.*)/s) as [header: string, body: string]);

  test("is a script and a NodeConfig, in the form that EKS and Karpenter merge with their own", () => {
    expect(userData.startsWith("MIME-Version: 1.0\n")).toBe(true);
    expect(userData.endsWith(`--${boundary}--\n`)).toBe(true);
    expect(parts.map(([header]) => header)).toEqual([
      'Content-Type: text/x-shellscript; charset="us-ascii"',
      "Content-Type: application/node.eks.aws",
    ]);
  });

  test("adds the runtime of the RuntimeClass to containerd", () => {
    const config = parse(parts[1]![1]) as { spec: { containerd: { config: string } } };

    expect(config).toMatchObject({ apiVersion: "node.eks.aws/v1alpha1", kind: "NodeConfig" });
    expect(parseToml(config.spec.containerd.config)).toEqual({
      plugins: {
        "io.containerd.cri.v1.runtime": {
          containerd: {
            runtimes: {
              [SANDBOX_RUNTIMES.gvisor.handler]: {
                runtime_type: "io.containerd.runsc.v1",
                options: { TypeUrl: "io.containerd.runsc.v1.options", ConfigPath: "/etc/containerd/runsc.toml" },
              },
            },
          },
        },
      },
    });
  });

  test("has a script that bash understands", () => {
    expect(spawnSync("bash", ["-n"], { input: parts[0]![1], encoding: "utf8" })).toMatchObject({
      status: 0,
      stderr: "",
    });
  });

  /** Runs the script on a node where everything that leaves a trace is told instead of done. */
  function install(machine: string, archive: string, release = GVISOR_RELEASE) {
    const bin = mkdtempSync(join(tmpdir(), "isthmus-node-"));
    const told = join(bin, "told");
    const stub = (name: string, body: string) => {
      writeFileSync(join(bin, name), `#!/bin/bash\n${body}\n`);
      chmodSync(join(bin, name), 0o755);
    };
    const tell = `echo "\${0##*/} $*" | sed "s#$WORK#WORK#g" >> ${told}`;
    const work = join(bin, "work");
    stub("uname", `echo ${machine}`);
    stub("mktemp", `mkdir -p ${work}; echo ${work}`);
    stub("curl", `${tell}; echo -n '${archive}' > ${work}/gvisor.tar.bz2`);
    for (const name of ["python3", "chmod", "cp", "systemctl"]) stub(name, tell);
    stub("install", `${tell}; cat >> ${told}`);
    const env = { PATH: `${bin}:${process.env.PATH!}`, WORK: work };
    const script = installScript({ source: SOURCE, network: "host" }, release);
    const { status } = spawnSync("bash", [], { input: script, env, encoding: "utf8" });
    return { status, told: existsSync(told) ? readFileSync(told, "utf8").trimEnd().split("\n") : [] };
  }
  const download = (machine: string, version = GVISOR_RELEASE.version) =>
    "curl --fail --silent --show-error --location --retry 5 --retry-all-errors --connect-timeout 10 " +
    `--output WORK/gvisor.tar.bz2 ${SOURCE}/${version}/${machine}/gvisor.tar.bz2`;

  test.each(["x86_64", "aarch64"] as const)("installs a release with the right checksum on %s", (machine) => {
    const sha512 = createHash("sha512").update("archive").digest("hex");
    const release = { version: "1", sha512: { x86_64: "0", aarch64: "0", [machine]: sha512 } };

    expect(install(machine, "archive", release)).toEqual({
      status: 0,
      told: [
        download(machine, "1"),
        "python3 -m tarfile --extract WORK/gvisor.tar.bz2 WORK/files",
        "chmod -R u=rwX,go=rX WORK/files",
        "cp -r WORK/files/. /usr/local/bin/",
        "install -D -m 644 /dev/stdin /etc/containerd/runsc.toml",
        "[runsc_config]",
        'network = "host"',
        "# The kubelet of the image names cgroups as systemd does.",
        'systemd-cgroup = "true"',
      ],
    });
  });

  test("ends a node that got another archive than the release's, before it touches anything", () => {
    expect(install("x86_64", "something else")).toEqual({
      status: 1,
      told: [download("x86_64"), "systemctl poweroff"],
    });
  });

  test("ends a node of another architecture", () => {
    expect(install("riscv64", "archive")).toEqual({ status: 1, told: ["systemctl poweroff"] });
  });
});

/** Reads the TOML that has tables and strings alone, and refuses any other. */
function parseToml(text: string): object {
  const root: Record<string, unknown> = {};
  let table = root;
  const KEY = String.raw`(?:[\w-]+|'[^']+')`;
  for (const line of text.split("\n").filter((it) => it !== "")) {
    const header = new RegExp(`^\\[(${KEY}(?:\\.${KEY})*)\\]$`).exec(line);
    const pair = new RegExp(`^(${KEY}) = ('[^']*'|"[^"\\\\]*")$`).exec(line);
    if (header !== null) {
      table = root;
      for (const [key] of header[1]!.matchAll(new RegExp(KEY, "g"))) {
        table = (table[key.replaceAll("'", "")] ??= {}) as Record<string, unknown>;
      }
    } else if (pair !== null && !(pair[1]! in table)) {
      table[pair[1]!] = pair[2]!.slice(1, -1);
    } else {
      throw new Error(`not TOML of tables and strings: ${line}`);
    }
  }
  return root;
}
