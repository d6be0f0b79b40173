import type { PropertyMap, PropertyValue } from "../../../protocol/property";
import { textAt, valueAt } from "../../paths";
import { listAt, mapAt } from "../values";

/** Levels of the Pod Security Standards that forbid anything. */
export type Level = "baseline" | "restricted";

/** Why a pod is forbidden: the rule, and who breaks it. */
interface Violation {
  readonly reason: string;
  readonly detail: string;
}

type Check = (pod: PodSpec) => Violation | undefined;

/** Capabilities that the baseline lets containers add. */
const BASELINE_CAPABILITIES =
  "AUDIT_WRITE CHOWN DAC_OVERRIDE FOWNER FSETID KILL MKNOD NET_BIND_SERVICE SETFCAP SETGID SETPCAP SETUID SYS_CHROOT".split(
    " ",
  );

const RESTRICTED_VOLUMES =
  "configMap csi downwardAPI emptyDir ephemeral image persistentVolumeClaim projected secret".split(" ");

const SAFE_SYSCTLS =
  "kernel.shm_rmid_forced net.ipv4.ip_local_port_range net.ipv4.ip_local_reserved_ports net.ipv4.ip_unprivileged_port_start net.ipv4.ping_group_range net.ipv4.tcp_fin_timeout net.ipv4.tcp_keepalive_intvl net.ipv4.tcp_keepalive_probes net.ipv4.tcp_keepalive_time net.ipv4.tcp_rmem net.ipv4.tcp_syncookies net.ipv4.tcp_wmem".split(
    " ",
  );

/**
 * Why a namespace of that level forbids a pod, in the words of the PodSecurity admission plugin; undefined when it does not.
 *
 * What only Windows, AppArmor and SELinux settings can break is not checked.
 *
 * @param version Of the standard, e.g. `latest`. All versions are read as the newest.
 */
export function podSecurityProblem(spec: PropertyMap, level: Level, version = "latest"): string | undefined {
  const pod = new PodSpec(spec);
  const checks = level === "restricted" ? RESTRICTED : BASELINE;
  const violations = checks.flatMap((check) => check(pod) ?? []);
  if (violations.length === 0) return undefined;
  const told = violations.map(({ reason, detail }) => `${reason} (${detail})`).join(", ");
  return `violates PodSecurity "${level}:${version}": ${told}`;
}

/** A pod's specification, and its containers of all kinds. */
class PodSpec {
  readonly containers: readonly PropertyValue[];

  constructor(readonly spec: PropertyMap) {
    this.containers = ["initContainers", "containers", "ephemeralContainers"].flatMap((kind) => listAt(spec, kind));
  }

  /** Names of the containers for which something is so. */
  namesWhere(holds: (container: PropertyValue) => boolean): string[] {
    return this.containers.filter(holds).map((container) => textAt(container, "name") ?? "");
  }
}

/** `container "a"`, or `containers "a", "b"`. */
function containers(names: readonly string[]): string {
  return `${names.length === 1 ? "container" : "containers"} ${quoted(names)}`;
}

function quoted(texts: readonly string[]): string {
  return texts.map((text) => `"${text}"`).join(", ");
}

function texts(value: PropertyValue, path: string): string[] {
  return listAt(value, path).filter((item) => typeof item === "string");
}

/** Sorted, each once. */
function distinct(values: readonly string[]): string[] {
  return [...new Set(values)].sort();
}

const PRIVILEGED: Check = (pod) => {
  const names = pod.namesWhere((container) => valueAt(container, "securityContext.privileged") === true);
  return violation(names, "privileged", () => `${containers(names)} must not set securityContext.privileged=true`);
};

const HOST_NAMESPACES: Check = ({ spec }) => {
  const used = ["hostNetwork", "hostPID", "hostIPC"].filter((field) => spec[field] === true);
  return violation(used, "host namespaces", () => used.map((field) => `${field}=true`).join(", "));
};

const HOST_PATHS: Check = ({ spec }) => {
  const names = listAt(spec, "volumes")
    .filter((volume) => valueAt(volume, "hostPath") !== undefined)
    .map((volume) => textAt(volume, "name") ?? "");
  return violation(names, "hostPath volumes", () => `${names.length === 1 ? "volume" : "volumes"} ${quoted(names)}`);
};

const HOST_PORTS: Check = (pod) => {
  const portsOf = (container: PropertyValue): string[] =>
    listAt(container, "ports").flatMap((port) => {
      const number = valueAt(port, "hostPort");
      return typeof number === "number" && number !== 0 ? [String(number)] : [];
    });
  const names = pod.namesWhere((container) => portsOf(container).length > 0);
  const ports = distinct(pod.containers.flatMap(portsOf));
  return violation(names, "hostPort", () => {
    const verb = names.length === 1 ? "uses" : "use";
    return `${containers(names)} ${verb} ${ports.length === 1 ? "hostPort" : "hostPorts"} ${ports.join(", ")}`;
  });
};

const PROC_MOUNT: Check = (pod) => {
  const mountOf = (container: PropertyValue): string => textAt(container, "securityContext.procMount") ?? "Default";
  const names = pod.namesWhere((container) => mountOf(container) !== "Default");
  const mounts = distinct(pod.containers.map(mountOf).filter((mount) => mount !== "Default"));
  return violation(
    names,
    "procMount",
    () => `${containers(names)} must not set securityContext.procMount to ${quoted(mounts)}`,
  );
};

const SYSCTLS: Check = ({ spec }) => {
  const names = listAt(spec, "securityContext.sysctls").map((sysctl) => textAt(sysctl, "name") ?? "");
  const forbidden = names.filter((name) => !SAFE_SYSCTLS.includes(name));
  return violation(forbidden, "forbidden sysctls", () => forbidden.join(", "));
};

const CAPABILITIES_BASELINE: Check = (pod) => {
  const added = (container: PropertyValue): string[] =>
    texts(container, "securityContext.capabilities.add").filter((name) => !BASELINE_CAPABILITIES.includes(name));
  const names = pod.namesWhere((container) => added(container).length > 0);
  const all = distinct(pod.containers.flatMap(added));
  return violation(
    names,
    "non-default capabilities",
    () => `${containers(names)} must not include ${quoted(all)} in securityContext.capabilities.add`,
  );
};

const CAPABILITIES_RESTRICTED: Check = (pod) => {
  const added = (container: PropertyValue): string[] =>
    texts(container, "securityContext.capabilities.add").filter((name) => name !== "NET_BIND_SERVICE");
  const keeping = pod.namesWhere((container) => !texts(container, "securityContext.capabilities.drop").includes("ALL"));
  const adding = pod.namesWhere((container) => added(container).length > 0);
  const details = [
    ...(keeping.length > 0 ? [`${containers(keeping)} must set securityContext.capabilities.drop=["ALL"]`] : []),
    ...(adding.length > 0
      ? [
          `${containers(adding)} must not include ${quoted(distinct(pod.containers.flatMap(added)))} in securityContext.capabilities.add`,
        ]
      : []),
  ];
  return violation(details, "unrestricted capabilities", () => details.join("; "));
};

const VOLUME_TYPES: Check = ({ spec }) => {
  const typeOf = (volume: PropertyValue): string | undefined =>
    Object.keys(mapAt({ volume }, "volume")).find((field) => field !== "name" && !RESTRICTED_VOLUMES.includes(field));
  const bad = listAt(spec, "volumes").filter((volume) => typeOf(volume) !== undefined);
  const names = bad.map((volume) => textAt(volume, "name") ?? "");
  const types = distinct(bad.flatMap((volume) => typeOf(volume) ?? []));
  return violation(names, "restricted volume types", () => {
    const [noun, verb] = names.length === 1 ? ["volume", "uses"] : ["volumes", "use"];
    return `${noun} ${quoted(names)} ${verb} restricted volume ${types.length === 1 ? "type" : "types"} ${quoted(types)}`;
  });
};

const PRIVILEGE_ESCALATION: Check = (pod) => {
  const path = "securityContext.allowPrivilegeEscalation";
  const names = pod.namesWhere((container) => valueAt(container, path) !== false);
  return violation(names, "allowPrivilegeEscalation != false", () => `${containers(names)} must set ${path}=false`);
};

const NON_ROOT: Check = (pod) => {
  const path = "securityContext.runAsNonRoot";
  const ofPod = valueAt(pod.spec, path);
  const refusing = pod.namesWhere((container) => valueAt(container, path) === false);
  const setters = [...(ofPod === false ? ["pod"] : []), ...(refusing.length > 0 ? [containers(refusing)] : [])];
  if (setters.length > 0) {
    return { reason: "runAsNonRoot != true", detail: `${setters.join(" and ")} must not set ${path}=false` };
  }
  const silent = ofPod === true ? [] : pod.namesWhere((container) => typeof valueAt(container, path) !== "boolean");
  return violation(silent, "runAsNonRoot != true", () => `pod or ${containers(silent)} must set ${path}=true`);
};

const ROOT_USER: Check = (pod) => {
  const path = "securityContext.runAsUser";
  const names = pod.namesWhere((container) => valueAt(container, path) === 0);
  const setters = [...(valueAt(pod.spec, path) === 0 ? ["pod"] : []), ...(names.length > 0 ? [containers(names)] : [])];
  return violation(setters, "runAsUser=0", () => `${setters.join(" and ")} must not set runAsUser=0`);
};

/** @param required Whether somebody must choose a profile. */
function seccomp(required: boolean): Check {
  const path = "securityContext.seccompProfile.type";
  const isGood = (type: string | undefined): boolean => type === "RuntimeDefault" || type === "Localhost";
  return (pod) => {
    const ofPod = textAt(pod.spec, path);
    const typeOf = (container: PropertyValue): string | undefined => textAt(container, path);
    const isBad = (type: string | undefined): boolean => type !== undefined && !isGood(type);
    const bad = pod.namesWhere((container) => isBad(typeOf(container)));
    const setters = [...(isBad(ofPod) ? ["pod"] : []), ...(bad.length > 0 ? [containers(bad)] : [])];
    if (setters.length > 0) {
      const values = distinct(
        [ofPod, ...pod.containers.map(typeOf)].filter((type) => type !== undefined).filter(isBad),
      );
      return { reason: "seccompProfile", detail: `${setters.join(" and ")} must not set ${path} to ${quoted(values)}` };
    }
    const silent = !required || isGood(ofPod) ? [] : pod.namesWhere((container) => typeOf(container) === undefined);
    return violation(
      silent,
      "seccompProfile",
      () => `pod or ${containers(silent)} must set ${path} to "RuntimeDefault" or "Localhost"`,
    );
  };
}

/** In the order in which the plugin tells them. */
const BASELINE: readonly Check[] = [
  CAPABILITIES_BASELINE,
  HOST_NAMESPACES,
  HOST_PATHS,
  HOST_PORTS,
  PRIVILEGED,
  PROC_MOUNT,
  seccomp(false),
  SYSCTLS,
];

/** Those of the baseline but for the ones that a stricter one replaces. */
const RESTRICTED: readonly Check[] = [
  HOST_NAMESPACES,
  HOST_PORTS,
  PRIVILEGED,
  PROC_MOUNT,
  SYSCTLS,
  PRIVILEGE_ESCALATION,
  CAPABILITIES_RESTRICTED,
  VOLUME_TYPES,
  NON_ROOT,
  ROOT_USER,
  seccomp(true),
];

function violation(found: readonly string[], reason: string, detail: () => string): Violation | undefined {
  return found.length === 0 ? undefined : { reason, detail: detail() };
}
