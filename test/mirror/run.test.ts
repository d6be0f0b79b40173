import fc from "fast-check";

import { planRun, RPO_MINUTES, TRASH_PREFIX, type MirrorOptions } from "../../mirror/run";

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

[replica]
type = azureblob
account = orders2
env_auth = true
no_check_container = true
`);
});

test("an empty primary stops the run before anything is deleted", () => {
  const [guard, sync] = planRun(OPTIONS).commands;

  expect(guard!.slice(0, 2)).toEqual(["sh", "-ec"]);
  expect(guard![2]).toContain("rclone lsf --files-only --recursive --max-depth 8 'primary:orders-1'");
  expect(guard![2]).toContain("exit 3");
  expect(sync!.slice(0, 4)).toEqual(["rclone", "sync", "primary:orders-1", "replica:orders"]);
});

test("what is deleted goes to a trash of the run, which is not mirrored itself, and no run deletes without limit", () => {
  const sync = planRun(OPTIONS).commands[1]!;
  const valueOf = (flag: string) => sync[sync.indexOf(flag) + 1];

  expect(valueOf("--backup-dir")).toBe(`replica:orders/${TRASH_PREFIX}/$(MIRROR_RUN)`);
  expect(valueOf("--filter")).toBe(`- /${TRASH_PREFIX}/**`);
  expect(valueOf("--max-delete")).toBe("1000");
});

test("a mirror from Blob to S3 is the same with its sides exchanged", () => {
  const { config, commands } = planRun({ ...OPTIONS, primary: OPTIONS.replica, replica: OPTIONS.primary });

  expect(config.indexOf("azureblob")).toBeLessThan(config.indexOf("s3"));
  expect(commands[1]!.slice(2, 4)).toEqual(["primary:orders", "replica:orders-1"]);
});
