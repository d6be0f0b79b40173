import { unwrapSecrets, type PropertyMap } from "../../protocol/property";
import { textAt, textsAt } from "../paths";
import { engineId, type ApiServer, type ObjectName } from "./api-server";
import type { Kind } from "./kinds";
import { mapAt } from "./values";

/** What the load balancer of a Service takes of its network on AWS: one in each subnet. */
export const BALANCER_INTERFACE = "aws:ec2/networkInterface:NetworkInterface";

const SUBNET = "aws:ec2/subnet:Subnet";
const EKS = "aws:eks/cluster:Cluster";
const INTERNAL = 'metadata.annotations["service.beta.kubernetes.io/aws-load-balancer-internal"]';
const SCHEME = 'metadata.annotations["service.beta.kubernetes.io/aws-load-balancer-scheme"]';

/**
 * Makes what the cloud's controller makes for a Service of type LoadBalancer, and takes it away from one of another type.
 * On AWS network interfaces stay behind when the cluster is deleted before the Service, and block their subnets; Azure keeps
 * balancers in the cluster's own resource group, which goes with it.
 *
 * @returns Why the Service never gets an address; undefined when it does.
 */
export function balance(
  server: ApiServer,
  token: string,
  { group, kind }: Kind,
  name: ObjectName,
  object: PropertyMap,
): string | undefined {
  if (group !== "" || kind !== "Service") return undefined;
  unbalance(server, token, name);
  if (textAt(object, "spec.type") !== "LoadBalancer" || server.cluster.cloud !== "aws") return undefined;
  const cluster = server.ledger.list(EKS).find(({ outputs }) => textAt(outputs, "arn") === server.cluster.scope);
  const own = textsAt(cluster?.inputs, "vpcConfig.subnetIds[*]");
  // A cluster that was put into the ledger without a network has none to choose from.
  if (own.length === 0) return undefined;

  const internal = textAt(object, INTERNAL) === "true" || textAt(object, SCHEME) === "internal";
  const role = internal ? "kubernetes.io/role/internal-elb" : "kubernetes.io/role/elb";
  const subnets = server.ledger.list(SUBNET).filter(({ scope }) => scope === cluster?.scope);
  const vpcs = new Set(subnets.filter(({ id }) => own.includes(id)).map(({ inputs }) => textAt(inputs, "vpcId")));
  const suitable = subnets.filter((subnet) => {
    const tags = mapAt(unwrapSecrets(subnet.inputs) as PropertyMap, "tags");
    return vpcs.has(textAt(subnet.inputs, "vpcId")) && tags[role] !== undefined;
  });
  if (suitable.length === 0) {
    return (
      `Error syncing load balancer: failed to ensure load balancer: could not find any suitable subnets for creating the ELB; ` +
      `give subnets of the cluster's VPC the tag ${role}`
    );
  }
  for (const { id: subnetId, scope } of suitable) {
    const inputs = { subnetId, description: `ELB ${engineId(name)}` };
    const id = `eni-0${server.digest(token, { ...name, name: `${name.name} ${subnetId}` }, 16)}`;
    const madeBy = { type: token, id: engineId(name), scope: server.cluster.scope };
    server.ledger.put({ type: BALANCER_INTERFACE, id, scope, inputs, outputs: { ...inputs, id }, madeBy });
  }
  return undefined;
}

/** Takes away what a Service's load balancer holds. */
export function unbalance(server: ApiServer, token: string, name: ObjectName): void {
  const made = server.ledger.madeBy({ type: token, id: engineId(name), scope: server.cluster.scope });
  for (const { type, id, scope } of made) server.ledger.remove(type, id, scope);
}
