import fc from "fast-check";

import { planRun, RPO_MINUTES, TRASH_PREFIX, type MirrorOptions, type Remote } from "../../mirror/run";

const OPTIONS: MirrorOptions = {
  primary: { kind: "s3", bucket: "orders-1", region: "us-east-1" },
  replica: { kind: "blob", account: "orders2", container: "orders" },
  rpoMinutes: 15,
  maxDelete: 1000,
};

/** Longest pause in minutes between two runs of the schedules that `planRun` makes. */
function longestPause(schedule: string): number {
  const [minutes, hours] = schedule.split(" ") as [string, string];
  const everyMinutes = /^\*\/(\d+)$/.exec(minutes);
  const step = everyMinutes ? Number(everyMinutes[1]) : Number(/^\*\/(\d+)$/.exec(hours)![1]) * 60;
  const period = everyMinutes ? 60 : 24 * 60;
  // Cron counts from the start of each period, so the last pause of one may be short and none is longer than the step.
  return step > period ? NaN : step;
}

function valueOf(command: readonly string[], flag: string): string | undefined {
  return command[command.indexOf(flag) + 1];
}

test("whatever the RPO, two runs begin within it", () => {
  fc.assert(
    fc.property(fc.integer(RPO_MINUTES), (rpoMinutes) => {
      expect(2 * longestPause(planRun({ ...OPTIONS, rpoMinutes }).schedule)).toBeLessThanOrEqual(rpoMinutes);
    }),
  );
});

test("both sides authenticate with the pod's own tokens and no key", () => {
  expect(planRun(OPTIONS).config).toBe(`[primary]
type = s3
provider = AWS
env_auth = true
region = us-east-1
no_check_bucket = true
server_side_encryption = aws:kms
storage_class = STANDARD

[replica]
type = azureblob
account = orders2
env_auth = true
no_check_container = true
`);
});

test("the first command stops a run whose primary has nothing but the trash of an earlier direction", () => {
  expect(planRun(OPTIONS).commands[0]).toEqual([
    "sh",
    "-ec",
    "rclone lsf --files-only --recursive 'primary:orders-1' | grep -qv '^[.]mirror-trash/' || " +
      "{ echo 'refusing to mirror: primary:orders-1 has no objects, or cannot be listed' >&2; exit 3; }",
  ]);
});

test("the second command counts what would be deleted, and can delete nothing itself", () => {
  const count = planRun({ ...OPTIONS, maxDelete: 250 }).commands[1]!;

  expect(count.slice(0, 4)).toEqual(["rclone", "sync", "primary:orders-1", "replica:orders"]);
  expect(count).toContain("--dry-run");
  expect(valueOf(count, "--max-delete")).toBe("250");
});

test("what is deleted goes to a trash of the run, which is not mirrored itself", () => {
  const sync = planRun(OPTIONS).commands[2]!;

  expect(sync.slice(0, 4)).toEqual(["rclone", "sync", "primary:orders-1", "replica:orders"]);
  expect(valueOf(sync, "--backup-dir")).toBe(`replica:orders/${TRASH_PREFIX}/$(MIRROR_RUN)`);
  expect(valueOf(sync, "--filter")).toBe(`- /${TRASH_PREFIX}/**`);
});

test("a run compares times, because S3 and Blob have no checksum of many objects", () => {
  const sync = planRun(OPTIONS).commands[2]!;

  expect(sync).not.toContain("--checksum");
  expect(sync).not.toContain("--size-only");
});

test("metadata is copied, but not from S3 to Blob, which refuses objects for common names in it", () => {
  const [s3, blob] = [OPTIONS.primary, OPTIONS.replica];
  const sync = (primary: Remote, replica: Remote) => planRun({ ...OPTIONS, primary, replica }).commands[2]!;

  expect(sync(s3, blob)).not.toContain("--metadata");
  expect(sync(blob, s3)).toContain("--metadata");
  expect(sync(s3, s3)).toContain("--metadata");
});

test("a mirror from Blob to S3 is the same with its sides exchanged", () => {
  const { config, commands } = planRun({ ...OPTIONS, primary: OPTIONS.replica, replica: OPTIONS.primary });

  expect(config.indexOf("azureblob")).toBeLessThan(config.indexOf("s3"));
  expect(commands[2]!.slice(2, 4)).toEqual(["primary:orders", "replica:orders-1"]);
});
