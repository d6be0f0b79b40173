import type { PropertyValue } from "../../../protocol/property";
import { textAt, valueAt } from "../../paths";
import type { ApiServer } from "../api-server";
import { CHARTS } from "../charts";
import { listAt, mapAt } from "../values";
import { ruleMatches, selectorsMatch, type AdmissionRequest } from "./request";

const CONFIGURATIONS = ["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"] as const;

/** One webhook of a configuration on the cluster. */
interface Webhook {
  readonly webhook: PropertyValue;
  /** Whether somebody answers for it. */
  readonly isServed: boolean;
}

/**
 * Why a webhook stands against a request: its `failurePolicy` is `Fail` and its Service is not there, as when the
 * controller behind it was deleted and its configuration stayed. A webhook that is served lets everything pass here.
 */
export function webhookProblem(server: ApiServer, request: AdmissionRequest): string | undefined {
  // Webhooks are never asked about webhooks and policies, so that they can be taken away.
  if (request.kind.group === "admissionregistration.k8s.io") return undefined;
  for (const { webhook, isServed } of webhooks(server)) {
    if (isServed || textAt(webhook, "failurePolicy") === "Ignore") continue;
    const asked = listAt(webhook, "rules").some((rule) => ruleMatches(rule, request));
    if (!asked || !selectorsMatch(webhook, request, server)) continue;
    const name = textAt(webhook, "name") ?? "";
    const { service, namespace, path, port, timeout } = addressOf(webhook);
    return (
      `Internal error occurred: failed calling webhook "${name}": failed to call webhook: Post ` +
      `"https://${service}.${namespace}.svc:${port}${path}?timeout=${timeout}s": service "${service}" not found`
    );
  }
  return undefined;
}

function webhooks(server: ApiServer): Webhook[] {
  const configured = CONFIGURATIONS.flatMap((kind) =>
    server
      .all({ group: "admissionregistration.k8s.io", version: "v1", kind })
      .flatMap((configuration) => listAt(configuration, "webhooks")),
  );
  const ofCharts = server.releases().flatMap(({ chart, namespace }) =>
    (CHARTS[chart]?.webhooks ?? []).map(({ service, ...webhook }): PropertyValue => ({
      ...webhook,
      clientConfig: { service: { name: service, namespace } },
    })),
  );
  return [...configured, ...ofCharts].map((webhook) => ({ webhook, isServed: isServed(server, webhook) }));
}

/** A webhook that is reached by a URL lies outside of the cluster, and answers as far as anybody knows. */
function isServed(server: ApiServer, webhook: PropertyValue): boolean {
  if (valueAt(webhook, "clientConfig.service") === undefined) return true;
  const { service, namespace } = addressOf(webhook);
  const found = server.find({ group: "", version: "v1", kind: "Service" }, { namespace, name: service });
  const byChart = server
    .releases()
    .some(
      (one) => one.isReady && one.namespace === namespace && one.workloads.some((name) => name.endsWith(`/${service}`)),
    );
  return found !== undefined || byChart;
}

function addressOf(webhook: PropertyValue): {
  readonly service: string;
  readonly namespace: string;
  readonly path: string;
  readonly port: number;
  readonly timeout: number;
} {
  const reference = mapAt(webhook, "clientConfig.service");
  const [port, timeout] = [reference.port, valueAt(webhook, "timeoutSeconds")];
  return {
    service: textAt(reference, "name") ?? "",
    namespace: textAt(reference, "namespace") ?? "",
    path: textAt(reference, "path") ?? "/",
    port: typeof port === "number" ? port : 443,
    timeout: typeof timeout === "number" ? timeout : 10,
  };
}
