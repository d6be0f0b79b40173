import * as apiextensions from "@pulumi/kubernetes/apiextensions/v1";
import * as apiregistration from "@pulumi/kubernetes/apiregistration/v1";
import * as apps from "@pulumi/kubernetes/apps/v1";
import * as core from "@pulumi/kubernetes/core/v1";
import * as policy from "@pulumi/kubernetes/policy/v1";
import * as pulumi from "@pulumi/pulumi";

import { smiDefinitions } from "../../smi/adapter/crds";
import type { Cluster } from "../cluster/cluster";
import { RESTRICTED_CONTAINER, RESTRICTED_POD } from "../workload/pod";
import { AdapterAccess } from "./adapter-access";
import type { AdapterCertificate } from "./adapter-certificate";
import {
  type AdapterPlan,
  API_PORT,
  BUNDLE_FILE,
  BUNDLE_FOLDER,
  CERTIFICATES_FOLDER,
  HEALTH_PORT,
} from "./adapter-plan";

export interface SmiAdapterArgs {
  readonly cluster: Cluster;
  readonly plan: AdapterPlan;
  readonly certificate: AdapterCertificate;
  /** The mesh whose kinds it writes. */
  readonly after: readonly pulumi.Resource[];
}

/** Port of the Service. */
const PORT = 443;

/** The SMI adapter on one cluster: SMI's kinds in all their versions, and what keeps the mesh as SMI objects say. */
export class SmiAdapter extends pulumi.ComponentResource {
  private readonly opts: pulumi.CustomResourceOptions;
  private readonly labels: Record<string, string>;

  constructor(
    private readonly name: string,
    private readonly args: SmiAdapterArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("isthmus:traffic:SmiAdapter", name, { cluster: args.cluster.key }, opts);
    const { plan, cluster, certificate } = args;
    this.opts = { parent: this, provider: cluster.provider };
    this.labels = { "app.kubernetes.io/name": plan.name };

    const namespace = this.createNamespace();
    const definitions = this.defineKinds(certificate);
    const access = new AdapterAccess(`${name}-access`, { plan, namespace, cluster }, { parent: this });
    const secret = this.storeCertificate(namespace, certificate);
    const bundle = this.storeBundle(namespace);
    const service = this.createService(namespace);
    const deployment = this.run(namespace, access, { secret, bundle }, definitions);
    this.keepOne(namespace);
    if (plan.metrics) this.registerMetrics(certificate, [service, deployment]);
    this.registerOutputs({});
  }

  private createNamespace(): core.Namespace {
    const labels = { "pod-security.kubernetes.io/enforce": "restricted" };
    return new core.Namespace(this.name, { metadata: { name: this.args.plan.namespace, labels } }, this.opts);
  }

  private defineKinds({ caBundle }: AdapterCertificate): apiextensions.CustomResourceDefinition[] {
    const { name, namespace } = this.args.plan;
    return smiDefinitions({ service: { name, namespace, port: PORT }, caBundle }).map(
      ({ metadata, spec }) =>
        new apiextensions.CustomResourceDefinition(
          `${this.name}-${metadata.name}`,
          { metadata: { ...metadata }, spec: { ...spec } },
          this.opts,
        ),
    );
  }

  private storeCertificate(namespace: core.Namespace, certificate: AdapterCertificate): core.Secret {
    return new core.Secret(
      `${this.name}-certificate`,
      {
        metadata: { name: `${this.args.plan.name}-certificate`, namespace: namespace.metadata.name },
        type: "kubernetes.io/tls",
        stringData: { "tls.crt": certificate.certificatePem, "tls.key": certificate.privateKeyPem },
      },
      this.opts,
    );
  }

  /** Named after its content: a new one is there before the pods that want it, and the old one until they are gone. */
  private storeBundle(namespace: core.Namespace): core.ConfigMap | undefined {
    const { bundle, name } = this.args.plan;
    if (bundle === undefined) return undefined;
    return new core.ConfigMap(
      `${this.name}-bundle`,
      {
        metadata: { name: `${name}-${bundle.hash}`, namespace: namespace.metadata.name },
        data: { [BUNDLE_FILE]: bundle.text },
      },
      this.opts,
    );
  }

  private createService(namespace: core.Namespace): core.Service {
    return new core.Service(
      this.name,
      {
        metadata: { name: this.args.plan.name, namespace: namespace.metadata.name, labels: this.labels },
        spec: {
          selector: this.labels,
          ports: [
            { name: "https", port: PORT, targetPort: "https" },
            { name: "metrics", port: HEALTH_PORT, targetPort: "metrics" },
          ],
        },
      },
      this.opts,
    );
  }

  private run(
    namespace: core.Namespace,
    access: AdapterAccess,
    { secret, bundle }: { readonly secret: core.Secret; readonly bundle?: core.ConfigMap },
    definitions: readonly pulumi.Resource[],
  ): apps.Deployment {
    const { plan, after } = this.args;
    const probe = (path: string) => ({ httpGet: { path, port: "metrics" } });
    const container = {
      name: "adapter",
      image: plan.image,
      ...(bundle && { command: ["node", `${BUNDLE_FOLDER}/${BUNDLE_FILE}`] }),
      args: [...plan.args],
      env: [
        // The heap is collected before the limit is reached: 5,000 SMI objects take about 160 MB.
        { name: "NODE_OPTIONS", value: "--max-old-space-size=200" },
        { name: "POD_NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
      ],
      ports: [
        { name: "https", containerPort: API_PORT },
        { name: "metrics", containerPort: HEALTH_PORT },
      ],
      livenessProbe: { ...probe("/healthz"), periodSeconds: 10 },
      readinessProbe: { ...probe("/readyz"), periodSeconds: 2 },
      securityContext: RESTRICTED_CONTAINER,
      resources: { requests: { cpu: "100m", memory: "192Mi" }, limits: { memory: "320Mi" } },
      volumeMounts: [
        { name: "certificate", mountPath: CERTIFICATES_FOLDER, readOnly: true },
        ...(bundle ? [{ name: "bundle", mountPath: BUNDLE_FOLDER, readOnly: true }] : []),
      ],
    };
    const annotations = { "prometheus.io/scrape": "true", "prometheus.io/port": String(HEALTH_PORT) };
    return new apps.Deployment(
      this.name,
      {
        metadata: { name: plan.name, namespace: namespace.metadata.name, labels: this.labels },
        spec: {
          replicas: plan.replicas,
          selector: { matchLabels: this.labels },
          template: {
            metadata: { labels: this.labels, annotations },
            spec: {
              serviceAccountName: access.account.metadata.name,
              securityContext: RESTRICTED_POD,
              containers: [container],
              topologySpreadConstraints: [
                {
                  maxSkew: 1,
                  topologyKey: "kubernetes.io/hostname",
                  whenUnsatisfiable: "ScheduleAnyway",
                  labelSelector: { matchLabels: this.labels },
                },
              ],
              volumes: [
                { name: "certificate", secret: { secretName: secret.metadata.name, defaultMode: 0o440 } },
                ...(bundle ? [{ name: "bundle", configMap: { name: bundle.metadata.name } }] : []),
              ],
            },
          },
        },
      },
      { ...this.opts, dependsOn: [...after, ...definitions, ...access.ready] },
    );
  }

  private keepOne(namespace: core.Namespace): policy.PodDisruptionBudget {
    return new policy.PodDisruptionBudget(
      this.name,
      {
        metadata: { name: this.args.plan.name, namespace: namespace.metadata.name },
        spec: { minAvailable: 1, selector: { matchLabels: this.labels } },
      },
      this.opts,
    );
  }

  /** Last to come and first to go: an API service without its server stops the deletion of every namespace. */
  private registerMetrics({ caBundle }: AdapterCertificate, dependsOn: pulumi.Resource[]): void {
    const { name, namespace } = this.args.plan;
    new apiregistration.APIService(
      `${this.name}-metrics`,
      {
        metadata: { name: "v1alpha1.metrics.smi-spec.io" },
        spec: {
          group: "metrics.smi-spec.io",
          version: "v1alpha1",
          service: { name, namespace, port: PORT },
          caBundle,
          groupPriorityMinimum: 100,
          versionPriority: 100,
        },
      },
      { ...this.opts, dependsOn },
    );
  }
}
