/**
 * What one mirror run does: the rclone command lines that copy a primary to its replica, and the guards that refuse to.
 *
 * The replica is a copy that an ordinary mistake on the primary cannot destroy: what is deleted there is moved to a trash on
 * the replica and expires later, and a run that would delete too much stops before it deletes anything.
 */

/** One side of a mirror as rclone reaches it. */
export type Remote =
  | { readonly kind: "s3"; readonly bucket: string; readonly region: string }
  | { readonly kind: "blob"; readonly account: string; readonly container: string };

export interface MirrorOptions {
  readonly primary: Remote;
  readonly replica: Remote;
  /** How old the replica may become, in minutes. */
  readonly rpoMinutes: number;
  /** Most objects that one run may delete. */
  readonly maxDelete: number;
}

/** Prefix on the replica under which deleted and overwritten objects are kept; a lifecycle rule empties it. */
export const TRASH_PREFIX = ".mirror-trash";

export interface MirrorRun {
  /** `rclone.conf`, without any secret: both sides use the pod's own tokens. */
  readonly config: string;
  /** Cron expression: twice within the RPO. */
  readonly schedule: string;
  /** A run still going after this many seconds is stopped, so that the next one can start. */
  readonly deadlineSeconds: number;
  /** Command lines in order; a run goes on only while they succeed. */
  readonly commands: readonly (readonly string[])[];
}

/** Environment variable that names the run; Kubernetes fills it in from the pod's name. */
export const RUN_VARIABLE = "MIRROR_RUN";

/** Shortest and longest RPO in minutes: below, runs would pile up; above, a daily schedule no longer runs twice in it. */
export const RPO_MINUTES = { min: 10, max: 24 * 60 } as const;

/** Plans the runs of a mirror. */
export function planRun({ primary, replica, rpoMinutes, maxDelete }: MirrorOptions): MirrorRun {
  return {
    config: renderConfig({ primary, replica }),
    schedule: scheduleFor(rpoMinutes),
    deadlineSeconds: rpoMinutes * 60,
    commands: [guardCommand(primary), syncCommand({ primary, replica, maxDelete })],
  };
}

/** A schedule whose longest pause is at most half of the RPO; cron starts over every hour, or every day. */
function scheduleFor(rpoMinutes: number): string {
  const pause = Math.floor(rpoMinutes / 2);
  return pause < 60 ? `*/${pause} * * * *` : `0 */${Math.floor(pause / 60)} * * *`;
}

/** Fails when the primary cannot be listed or is empty: an emptied primary must not empty its replica. */
function guardCommand(primary: Remote): string[] {
  const source = location("primary", primary);
  const script = `test -n "$(rclone lsf --files-only --recursive --max-depth 8 '${source}' | head -n 1)" || { echo 'refusing to mirror: ${source} has no objects' >&2; exit 3; }`;
  return ["sh", "-ec", script];
}

function syncCommand({
  primary,
  replica,
  maxDelete,
}: Pick<MirrorOptions, "primary" | "replica" | "maxDelete">): string[] {
  const target = location("replica", replica);
  return [
    "rclone",
    "sync",
    location("primary", primary),
    target,
    "--backup-dir",
    `${target}/${TRASH_PREFIX}/$(${RUN_VARIABLE})`,
    "--filter",
    `- /${TRASH_PREFIX}/**`,
    "--max-delete",
    String(maxDelete),
    "--checksum",
    "--metadata",
    "--fast-list",
    "--use-json-log",
    "--stats-log-level",
    "NOTICE",
  ];
}

function location(name: string, remote: Remote): string {
  return `${name}:${remote.kind === "s3" ? remote.bucket : remote.container}`;
}

function renderConfig(sides: Record<"primary" | "replica", Remote>): string {
  return Object.entries(sides)
    .map(([name, remote]) => [`[${name}]`, ...remoteSettings(remote), ""].join("\n"))
    .join("\n");
}

function remoteSettings(remote: Remote): string[] {
  if (remote.kind === "s3") {
    return ["type = s3", "provider = AWS", "env_auth = true", `region = ${remote.region}`, "no_check_bucket = true"];
  }
  return ["type = azureblob", `account = ${remote.account}`, "env_auth = true", "no_check_container = true"];
}
