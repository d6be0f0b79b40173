import { type Facts, formatProblem, readSmi, translateLinkerd } from "../../smi";
import { checkSources, readFacts } from "../../smi/manifests";

const read = (text: string, path = "shop.yaml") => readFacts(readSmi([{ path, text }]).others);
const factsOf = (text: string): Facts => {
  const { facts, problems } = read(text);
  expect(problems.map(formatProblem)).toEqual([]);
  return facts;
};
const messages = (text: string): string[] => read(text).problems.map(formatProblem);

/** Manifests in flow style, one a line. */
const stream = (...documents: string[]): string => documents.join("\n---\n");
const deployment = (
  name: string,
  { account = name, labels = `app: ${name}`, extra = "", container = "" } = {},
): string =>
  `{apiVersion: apps/v1, kind: Deployment, metadata: {name: ${name}, namespace: shop}, spec: {selector: {matchLabels: {${labels}}}, template: {metadata: {labels: {${labels}${extra}}}, spec: {serviceAccountName: ${account}, containers: [{name: app${container}}]}}}}`;
const service = (name: string, spec: string): string =>
  `{apiVersion: v1, kind: Service, metadata: {name: ${name}, namespace: shop}, spec: {${spec}}}`;

describe("workloads", () => {
  test("every kind of workload has its template found", () => {
    const pods = "metadata: {labels: {app: x}}, spec: {containers: [{ports: [{containerPort: 80}]}]}";
    const kinds = {
      Pod: `{apiVersion: v1, kind: Pod, metadata: {name: x, labels: {app: x}}, spec: {containers: [{ports: [{containerPort: 80}]}]}}`,
      ...Object.fromEntries(
        ["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"].map((kind) => [
          kind,
          `{apiVersion: apps/v1, kind: ${kind}, metadata: {name: x}, spec: {selector: {matchLabels: {app: x}}, template: {${pods}}}}`,
        ]),
      ),
      Job: `{apiVersion: batch/v1, kind: Job, metadata: {name: x}, spec: {template: {${pods}}}}`,
      CronJob: `{apiVersion: batch/v1, kind: CronJob, metadata: {name: x}, spec: {jobTemplate: {spec: {template: {${pods}}}}}}`,
    };
    for (const text of Object.values(kinds)) {
      expect(factsOf(text).workloads).toEqual([
        {
          namespace: "default",
          serviceAccount: "default",
          name: "x",
          labels: { app: "x" },
          ports: [{ port: 80 }],
          probes: [],
        },
      ]);
    }
  });

  test("ports keep their names, UDP ports are left out, and probes may name a port", () => {
    const container =
      ", ports: [{name: http, containerPort: 8080}, {name: dns, containerPort: 53, protocol: UDP}, {name: admin, containerPort: 9000}], " +
      "readinessProbe: {httpGet: {path: /ready, port: admin}}, livenessProbe: {httpGet: {port: 8080}}, startupProbe: {tcpSocket: {port: 1}}";

    expect(factsOf(deployment("web", { container })).workloads[0]).toMatchObject({
      ports: [
        { name: "http", port: 8080, protocol: "http" },
        { name: "admin", port: 9000 },
      ],
      probes: [
        { port: 9000, path: "/ready" },
        { port: 8080, path: "/" },
      ],
    });
  });

  test("a sidecar that is an init container adds neither ports nor probes", () => {
    const text = deployment("web", { container: ", ports: [{containerPort: 8080}]" }).replace(
      "containers:",
      "initContainers: [{name: proxy, restartPolicy: Always, ports: [{containerPort: 4143}], readinessProbe: {httpGet: {path: /ready, port: 4191}}}], containers:",
    );

    expect(factsOf(text).workloads[0]).toMatchObject({ ports: [{ port: 8080 }], probes: [] });
  });

  test("pods are selected by what outlives a rollout, and are caught by all of their labels", () => {
    const [web] = factsOf(deployment("web", { extra: ", app.kubernetes.io/version: 1.4.2" })).workloads;

    expect(web!.labels).toEqual({ app: "web" });
    expect(web!.podLabels).toEqual({ app: "web", "app.kubernetes.io/version": "1.4.2" });
  });

  test("a selector that catches another account's pods by a label that only the template has is refused", () => {
    const { facts } = read(
      stream(deployment("web", { labels: "tier: front" }), deployment("admin", { extra: ", tier: front" })),
    );
    const rule = readSmi([
      {
        path: "rule.yaml",
        text: stream(
          "{apiVersion: specs.smi-spec.io/v1alpha4, kind: TCPRoute, metadata: {name: any, namespace: shop}, spec: {}}",
          "{apiVersion: access.smi-spec.io/v1alpha3, kind: TrafficTarget, metadata: {name: t, namespace: shop}, spec: {destination: {kind: ServiceAccount, name: web, namespace: shop}, rules: [{kind: TCPRoute, name: any}], sources: [{kind: ServiceAccount, name: admin, namespace: shop}]}}",
        ),
      },
    ]);

    expect(translateLinkerd(rule.documents, facts).problems.map(({ code }) => code)).toEqual(["SMI-SA-AMBIGUOUS"]);
  });

  test("workloads of one account stay apart by their labels, and become one without a difference", () => {
    const { workloads } = factsOf(
      stream(
        deployment("web-v2", {
          account: "web",
          labels: "app: web, v: two",
          container: ", ports: [{containerPort: 8080}]",
        }),
        deployment("web-v1", {
          account: "web",
          labels: "app: web, v: one",
          container: ", ports: [{containerPort: 8080}]",
        }),
        deployment("web-a", {
          account: "web",
          labels: "app: web, v: three",
          container: ", ports: [{containerPort: 81}]",
        }),
        deployment("web-b", {
          account: "web",
          labels: "app: web, v: three",
          container: ", ports: [{containerPort: 82}]",
        }),
      ),
    );

    expect(workloads.map(({ name, ports }) => [name, ports.map(({ port }) => port)])).toEqual([
      ["web-a", [81, 82]],
      ["web-v1", [8080]],
      ["web-v2", [8080]],
    ]);
  });

  test("a dump of a cluster tells a Deployment, its ReplicaSet and its Pods once", () => {
    const owned = (kind: string, name: string) => `ownerReferences: [{kind: ${kind}, name: ${name}, controller: true}]`;
    const labels = "labels: {app: web, pod-template-hash: 5d4f}";
    const pods = `metadata: {${labels}}, spec: {serviceAccountName: web, containers: [{name: app}]}`;
    const replicaSet = `{apiVersion: apps/v1, kind: ReplicaSet, metadata: {name: web-5d4f, namespace: shop, ${owned("Deployment", "web")}}, spec: {selector: {matchLabels: {app: web, pod-template-hash: 5d4f}}, template: {${pods}}}}`;
    const pod = `{apiVersion: v1, kind: Pod, metadata: {name: web-5d4f-x, namespace: shop, ${labels}, ${owned("ReplicaSet", "web-5d4f")}}, spec: {serviceAccountName: web, containers: [{name: app}]}}`;
    const alone = [
      { namespace: "shop", serviceAccount: "web", name: "web", labels: { app: "web" }, ports: [], probes: [] },
    ];

    expect(factsOf(stream(pod, replicaSet, deployment("web"))).workloads).toEqual(alone);
    expect(factsOf(stream(deployment("web"), pod)).workloads).toEqual(alone);
    expect(factsOf(pod).workloads).toEqual([{ ...alone[0]!, name: "web-5d4f-x" }]);
  });
});

describe("Services", () => {
  test("named target ports, headless and external Services, and ports that no mesh carries", () => {
    const { services } = factsOf(
      stream(
        service(
          "web",
          "selector: {app: web}, ports: [{name: http, port: 80, targetPort: http, appProtocol: http}, {port: 81, targetPort: '8081'}, {port: 53, protocol: UDP}]",
        ),
        service("db", "clusterIP: None, selector: {app: db}, ports: [{port: 5432}]"),
        service("api", "type: ExternalName, externalName: api.example.com"),
      ),
    );

    expect(services).toEqual([
      { namespace: "shop", name: "api", selector: {}, ports: [], externalName: true },
      { namespace: "shop", name: "db", selector: { app: "db" }, ports: [{ port: 5432 }], headless: true },
      {
        namespace: "shop",
        name: "web",
        selector: { app: "web" },
        ports: [
          { name: "http", port: 80, targetPort: "http", appProtocol: "http" },
          { port: 81, targetPort: 8081 },
        ],
      },
    ]);
  });

  test("a Service tells the ports that a container does not declare, and what a port carries", () => {
    const { workloads } = factsOf(
      stream(
        deployment("web", { container: ", ports: [{name: rpc, containerPort: 9090}]" }),
        service(
          "web",
          "selector: {app: web}, ports: [{port: 80, targetPort: 8080}, {port: 90, targetPort: rpc, appProtocol: grpc}]",
        ),
      ),
    );

    expect(workloads[0]!.ports).toEqual([{ port: 8080 }, { name: "rpc", port: 9090, protocol: "http2" }]);
  });

  test("another group's Service is no Service", () => {
    expect(
      factsOf("{apiVersion: serving.knative.dev/v1, kind: Service, metadata: {name: web}, spec: {}}").services,
    ).toEqual([]);
  });
});

test("lists are read item by item, SMI documents among them, with the lines of their fields", () => {
  const text = `apiVersion: v1
kind: List
items:
  - ${service("web", "ports: [{port: 80}]")}
  - apiVersion: split.smi-spec.io/v1alpha4
    kind: TrafficSplit
    metadata: {name: web, namespace: shop}
    spec:
      service: web
      backends: [{service: web-v1, weight: -1}]
---
apiVersion: v1
kind: PodList
items: [{metadata: {name: x, labels: {app: x}}, spec: {containers: [{name: app}]}}]
`;
  const { documents, others, problems } = readSmi([{ path: "dump.yaml", text }]);

  expect(documents).toEqual([]);
  expect(problems.map(formatProblem)).toEqual([
    expect.stringMatching(
      /^error SMI-WEIGHT dump\.yaml#1 TrafficSplit shop\/web items\[1\]\.spec\.backends\[0\]\.weight \(line 10\): /,
    ),
  ]);
  expect(others.map(({ source, value }) => [source.document, source.line, value["kind"]])).toEqual([
    [1, 4, "Service"],
    [2, 14, "Pod"],
  ]);
});

describe("mistakes name their place and the way out", () => {
  test.each([
    [
      "a port as a word",
      deployment("web", { container: ", ports: [{containerPort: http}]" }),
      /^error SMI-FIELD shop\.yaml#1 Deployment shop\/web spec\.template\.spec\.containers\[0\]\.ports\[0\]\.containerPort \(line 1\): found "http", allowed: a container port/,
    ],
    [
      "a label that is no text",
      deployment("web", { labels: "app: web, v: 2" }),
      /spec\.template\.metadata\.labels\.v \(line 1\): found 2, allowed: text; write "2", with the quotes$/,
    ],
    [
      "a selector that misses its pods",
      deployment("web").replace("matchLabels: {app: web}", "matchLabels: {app: wbe}"),
      /spec\.selector\.matchLabels\.app \(line 1\): found app=wbe, but the template's pods have app=web; make them agree$/,
    ],
    [
      "no containers",
      "{apiVersion: v1, kind: Pod, metadata: {name: x}, spec: {}}",
      /^error SMI-FIELD shop\.yaml#1 Pod default\/x spec\.containers \(line 1\): is empty/,
    ],
    [
      "a probe on an unknown port",
      deployment("web", {
        container: ", ports: [{name: http, containerPort: 80}], readinessProbe: {httpGet: {port: htp}}",
      }),
      /^warning SMI-MANIFEST .*readinessProbe\.httpGet\.port \(line 1\): found the port "htp", named ports of its container: http\. Did you mean "http"\?/,
    ],
    [
      "a Service that leads nowhere",
      stream(deployment("web"), service("web", "selector: {app: web}, ports: [{port: 80, targetPort: http}]")),
      /^warning SMI-MANIFEST shop\.yaml#2 Service shop\/web spec\.ports\[0\]\.targetPort \(line 3\): found "http", named ports of its pods: \(none\)/,
    ],
    [
      "an object written twice",
      stream(deployment("web"), deployment("web")),
      /^error SMI-DUPLICATE shop\.yaml#2 Deployment shop\/web \(line 3\): is described already by shop\.yaml#1/,
    ],
    [
      "pods that no rule can select",
      "{apiVersion: v1, kind: Pod, metadata: {name: x}, spec: {containers: [{name: app}]}}",
      /^warning SMI-MANIFEST .*its pods have no labels/,
    ],
  ])("%s", (_, text, message) => {
    expect(messages(text)).toEqual([expect.stringMatching(message)]);
  });

  test("a source that nobody is, in a namespace whose accounts are known", () => {
    const { accounts } = read(
      stream(deployment("web"), "{apiVersion: v1, kind: ServiceAccount, metadata: {name: reports, namespace: shop}}"),
    );
    const target = (sources: string): ReturnType<typeof readSmi> =>
      readSmi([
        {
          path: "rule.yaml",
          text: `{apiVersion: access.smi-spec.io/v1alpha3, kind: TrafficTarget, metadata: {name: t, namespace: shop}, spec: {destination: {kind: ServiceAccount, name: web, namespace: shop}, rules: [{kind: TCPRoute, name: any}], sources: [${sources}]}}`,
        },
      ]);
    const found = (name: string, namespace = "shop") =>
      checkSources(target(`{kind: ServiceAccount, name: ${name}, namespace: ${namespace}}`).documents, accounts);

    expect(accounts.map(({ serviceAccount }) => serviceAccount)).toEqual(["reports", "web"]);
    expect(found("reports")).toEqual([]);
    expect(found("prometheus", "monitoring")).toEqual([]);
    expect(found("report").map(formatProblem)).toEqual([
      'warning SMI-SOURCE rule.yaml#1 TrafficTarget shop/t spec.sources[0] (line 1): found the ServiceAccount "shop/report", in its namespace there are: shop/reports, shop/web. Did you mean "shop/reports"? Correct the name, or add its manifest; if it does not exist, nobody can call.',
    ]);
  });
});
