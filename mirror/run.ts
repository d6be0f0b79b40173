/**
 * What one mirror run does: the rclone command lines that copy a primary to its replica, and the guards that refuse to.
 *
 * The replica is a copy that an ordinary mistake on the primary cannot destroy: what is deleted or overwritten there is moved
 * to a trash on the replica and expires later, and a run that would delete too much stops before it touches anything.
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
  /** Most objects that one run may delete; overwritten ones do not count. */
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
    commands: [listCommand(primary), countCommand({ primary, replica, maxDelete }), syncCommand({ primary, replica })],
  };
}

/** A schedule whose longest pause is at most half of the RPO; cron starts over every hour, or every day. */
function scheduleFor(rpoMinutes: number): string {
  const pause = Math.floor(rpoMinutes / 2);
  return pause < 60 ? `*/${pause} * * * *` : `0 */${Math.floor(pause / 60)} * * *`;
}

/**
 * Ends with 3 when the primary cannot be listed or has no objects: an emptied primary must not empty its replica. Trash that
 * it has from a time as replica is not an object. It is not left out by `--filter`: rclone then lists folder by folder, each
 * in memory, where it otherwise prints page by page, and `grep` ends it after the first.
 */
function listCommand(primary: Remote): string[] {
  const source = location("primary", primary);
  const script = [
    `rclone lsf --files-only --recursive '${source}' | grep -qv '^${TRASH_PREFIX.replace(".", "[.]")}/'`,
    `{ echo 'refusing to mirror: ${source} has no objects, or cannot be listed' >&2; exit 3; }`,
  ];
  return ["sh", "-ec", script.join(" || ")];
}

/**
 * Ends with 7 when more than `maxDelete` objects would be deleted, and changes nothing. The run itself cannot have this
 * limit: with a trash, rclone counts an overwritten object too and a deleted one twice, and it stops midway, so that one run
 * after the other would delete that many.
 */
function countCommand({ primary, replica, maxDelete }: Pick<MirrorOptions, "primary" | "replica" | "maxDelete">) {
  return [
    ...sync(primary, replica),
    "--dry-run",
    "--max-delete",
    String(maxDelete),
    // What was changed does not matter here, and to compare times would cost a request for every object.
    "--size-only",
    // Not one line for every object that a run would copy.
    "--log-level",
    "ERROR",
  ];
}

/**
 * Compares sizes and modification times, not checksums: S3 has none for an object that was uploaded in parts or is encrypted
 * with KMS, nor has Blob for one that was uploaded in blocks, and rclone would then take any two of the same size for equal.
 */
function syncCommand({ primary, replica }: Pick<MirrorOptions, "primary" | "replica">): string[] {
  return [
    ...sync(primary, replica),
    "--backup-dir",
    `${location("replica", replica)}/${TRASH_PREFIX}/$(${RUN_VARIABLE})`,
    ...(keepsMetadata(primary, replica) ? ["--metadata"] : []),
    "--stats-log-level",
    "NOTICE",
  ];
}

/**
 * Blob refuses an object with metadata whose name is no C# identifier, such as S3's `x-amz-meta-built-by`, and after one such
 * object rclone deletes nothing any more. The bytes matter more.
 * https://learn.microsoft.com/rest/api/storageservices/naming-and-referencing-containers--blobs--and-metadata
 */
function keepsMetadata(primary: Remote, replica: Remote): boolean {
  return !(primary.kind === "s3" && replica.kind === "blob");
}

function sync(primary: Remote, replica: Remote): string[] {
  return [
    "rclone",
    "sync",
    location("primary", primary),
    location("replica", replica),
    "--filter",
    `- /${TRASH_PREFIX}/**`,
    "--fast-list",
    "--use-json-log",
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
    return [
      "type = s3",
      "provider = AWS",
      "env_auth = true",
      `region = ${remote.region}`,
      "no_check_bucket = true",
      // The buckets' default. rclone must know: an ETag is then no MD5, and every copy would look corrupted.
      // https://rclone.org/s3/#key-management-system-kms
      "server_side_encryption = aws:kms",
      // rclone would otherwise ask for the class by the name of the object's tier in Blob, such as HOT, which S3 refuses.
      "storage_class = STANDARD",
    ];
  }
  return ["type = azureblob", `account = ${remote.account}`, "env_auth = true", "no_check_container = true"];
}
