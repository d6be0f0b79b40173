import { parse, stringify } from "yaml";

import { isPropertyMap, type PropertyMap, type PropertyValue } from "../protocol/property";
import type { Provider } from "../protocol/provider";
import { urnType } from "../protocol/urn";

const EKS = "aws:eks/cluster:Cluster";
const AKS_CREDENTIALS = "azure-native:containerservice:listManagedClusterUserCredentials";

/**
 * A simulated cloud whose clusters are said to have a given certificate authority (PEM).
 *
 * @param onDeleted Called after every deletion.
 */
export function withAuthority(inner: Provider, authority: string, onDeleted: () => Promise<void>): Provider {
  const data = Buffer.from(authority).toString("base64");
  const told = <T extends { readonly properties: PropertyMap }>(urn: string, result: T): T =>
    urnType(urn) === EKS && result.properties.certificateAuthority !== undefined
      ? { ...result, properties: { ...result.properties, certificateAuthority: { data } } }
      : result;
  return {
    checkConfig: (request) => inner.checkConfig(request),
    diffConfig: (request) => inner.diffConfig(request),
    configure: (args) => inner.configure(args),
    check: (request) => inner.check(request),
    diff: (request) => inner.diff(request),
    create: async (request) => {
      const result = await inner.create(request);
      return request.preview ? result : told(request.urn, result);
    },
    read: async (request) => {
      const result = await inner.read(request);
      return result === null ? null : told(request.urn, result);
    },
    update: async (request) => {
      const properties = await inner.update(request);
      return request.preview ? properties : told(request.urn, { properties }).properties;
    },
    delete: async (request) => {
      await inner.delete(request);
      await onDeleted();
    },
    invoke: async (request) => {
      const result = await inner.invoke(request);
      if (request.token !== AKS_CREDENTIALS) return result;
      const kubeconfigs = result.properties.kubeconfigs;
      if (!Array.isArray(kubeconfigs)) return result;
      const rewritten = (kubeconfigs as readonly PropertyValue[]).map((config) => withAuthorityData(config, data));
      return { ...result, properties: { ...result.properties, kubeconfigs: rewritten } };
    },
    close: () => inner.close(),
  };
}

/** A kubeconfig as Azure returns it, with another authority in it. */
function withAuthorityData(config: PropertyValue, data: string): PropertyValue {
  if (!isPropertyMap(config) || typeof config.value !== "string") return config;
  const kubeconfig = parse(Buffer.from(config.value, "base64").toString("utf8")) as {
    readonly clusters: readonly { readonly name: string; readonly cluster: object }[];
  };
  const clusters = kubeconfig.clusters.map(({ name, cluster }) => ({
    name,
    cluster: { ...cluster, "certificate-authority-data": data },
  }));
  return { ...config, value: Buffer.from(stringify({ ...kubeconfig, clusters })).toString("base64") };
}
