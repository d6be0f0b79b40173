import type { Facts, KubernetesObject, Request, SmiDocument, Translation, WorkloadFacts } from "../../smi";
import { consulAllows, translateConsul } from "../../smi/consul";
import { translateGatewayApi } from "../../smi/gateway-api";
import { istioAllows, istioDefaultDeny, translateIstio } from "../../smi/istio";
import { translateLinkerd } from "../../smi/linkerd";
import { linkerdAllows } from "../../smi/linkerd/evaluate";
import type { Anchor } from "../../smi/model";
import type { ProblemCode } from "../../smi/problem";
import type { MeshName } from "./mesh-names";

/** What the command line lets a user choose. A mesh that has no use for a choice passes over it. */
export interface TranslationOptions {
  readonly anchor: Anchor;
  readonly acknowledge: readonly ProblemCode[];
  readonly trustDomain?: string;
  readonly widen?: boolean;
}

export type Translator = (documents: readonly SmiDocument[], facts: Facts, options: TranslationOptions) => Translation;

/** The translator of each mesh. */
export const TRANSLATORS: Readonly<Record<MeshName, Translator>> = {
  istio: translateIstio,
  linkerd: translateLinkerd,
  consul: translateConsul,
  "gateway-api": translateGatewayApi,
};

/** Whether a mesh lets a request to one of the workload's pods through, given all objects that were translated. */
export type Model = (objects: readonly KubernetesObject[], workload: WorkloadFacts, request: Request) => boolean;

/** What each mesh makes of its objects, by its own documents. The Gateway API has no access rules. */
export const MODELS: Readonly<Partial<Record<MeshName, Model>>> = {
  istio: (objects, workload, request) =>
    istioAllows([...istioDefaultDeny(), ...objects], workload, {
      ...request,
      protocol: workload.ports.find(({ port }) => port === request.port)?.protocol === "tcp" ? "tcp" : "http",
    }),
  linkerd: linkerdAllows,
  // With ACLs, Consul's services have the names of ServiceAccounts.
  consul: (objects, _workload, { source, destination, ...request }) =>
    consulAllows(
      objects,
      { ...request, source: source.serviceAccount, destination: destination.serviceAccount },
      "deny",
    ),
};

/** How a mesh denies what no rule allows: objects for the whole mesh, or a setting of its installation. */
export const DEFAULT_DENY: Readonly<Record<MeshName, readonly KubernetesObject[] | string>> = {
  istio: istioDefaultDeny(),
  linkerd: "Linkerd denies by a setting of its installation, proxy.defaultInboundPolicy: deny",
  consul: "Consul denies by a setting of its installation, global.acls.manageSystemACLs: true",
  "gateway-api": "the Gateway API has no authorization",
};
