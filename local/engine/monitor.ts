import * as grpc from "@grpc/grpc-js";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import * as provider_pb from "@pulumi/pulumi/proto/provider_pb";
import * as resource_pb from "@pulumi/pulumi/proto/resource_pb";

import { decode, encode, mapValues } from "../protocol/property";
import type { PropertyMap } from "../protocol/property";
import { ROOT_STACK_TYPE, urnType } from "../protocol/urn";
import { messageOf, ReportedFailure, RunStopped } from "./errors";
import type { RunContext } from "./context";
import { goalOf, readGoalOf, UnsupportedFeature } from "./goal";
import type { Hook } from "./hooks";
import type { Goal } from "./goal";
import { Planner } from "./planner";
import { inherit, ProviderChoice } from "./provider-choice";
import { dereference } from "./providers";

/**
 * Features that programs may rely on. Transforms are announced although they are refused: a program that is told that they
 * are missing advises its user to update the Pulumi CLI.
 */
const FEATURES = [
  resource_pb.ResourceMonitorFeature.RESOURCE_MONITOR_FEATURE_SECRETS,
  resource_pb.ResourceMonitorFeature.RESOURCE_MONITOR_FEATURE_RESOURCE_REFERENCES,
  resource_pb.ResourceMonitorFeature.RESOURCE_MONITOR_FEATURE_OUTPUT_VALUES,
  resource_pb.ResourceMonitorFeature.RESOURCE_MONITOR_FEATURE_ALIAS_SPECS,
  resource_pb.ResourceMonitorFeature.RESOURCE_MONITOR_FEATURE_REPLACEMENT_TRIGGER,
  resource_pb.ResourceMonitorFeature.RESOURCE_MONITOR_FEATURE_DELETED_WITH,
  resource_pb.ResourceMonitorFeature.RESOURCE_MONITOR_FEATURE_REPLACE_WITH,
  resource_pb.ResourceMonitorFeature.RESOURCE_MONITOR_FEATURE_TRANSFORMS,
  resource_pb.ResourceMonitorFeature.RESOURCE_MONITOR_FEATURE_INVOKE_TRANSFORMS,
  resource_pb.ResourceMonitorFeature.RESOURCE_MONITOR_FEATURE_PARAMETERIZATION,
  resource_pb.ResourceMonitorFeature.RESOURCE_MONITOR_FEATURE_RESOURCE_HOOKS,
  resource_pb.ResourceMonitorFeature.RESOURCE_MONITOR_FEATURE_ERROR_HOOKS,
  resource_pb.ResourceMonitorFeature.RESOURCE_MONITOR_FEATURE_INVOKE_DEPENDS_ON,
  resource_pb.ResourceMonitorFeature.RESOURCE_MONITOR_FEATURE_INVOKE_PARENT,
];

/** Serves `pulumirpc.ResourceMonitor`: what a program calls to say which resources it wants. */
export class Monitor {
  private readonly planner: Planner;
  private readonly choice: ProviderChoice;
  private readonly goals = new Map<string, Goal>();
  /** Outputs of the stack: they count when the run has ended. */
  stackOutputs: PropertyMap | undefined;
  stackUrn = "";

  constructor(
    private readonly context: RunContext,
    /** Called once, when the program has registered everything; resolves when the deletes are done. */
    private readonly shutdown: () => Promise<void>,
  ) {
    this.planner = new Planner(context);
    this.choice = new ProviderChoice(context, this.planner);
  }

  /** The methods of the service. */
  methods() {
    const unsupported = (feature: string) => this.unary(() => Promise.reject(new UnsupportedFeature(feature)));
    return {
      getDeploymentInfo: this.unary(() => Promise.resolve(this.deploymentInfo())),
      registerResource: this.unary(this.registerResource.bind(this)),
      registerResourceOutputs: this.unary(this.registerOutputs.bind(this)),
      readResource: this.unary(this.readResource.bind(this)),
      invoke: this.unary(this.invoke.bind(this), "program"),
      signalAndWaitForShutdown: this.unary(async () => {
        await this.shutdown();
        return new Empty();
      }),
      existsResource: unsupported("the existence check of resources"),
      call: unsupported("method calls on remote components"),
      registerStackTransform: unsupported("stack transforms"),
      registerStackInvokeTransform: unsupported("invoke transforms"),
      registerResourceHook: this.unary((request: resource_pb.RegisterResourceHookRequest) => {
        return this.registerHook(request, { onDryRun: request.getOnDryRun(), ignoreErrors: request.getIgnoreErrors() });
      }, "program"),
      registerErrorHook: this.unary((request: resource_pb.RegisterErrorHookRequest) => {
        return this.registerHook(request, { onDryRun: true, ignoreErrors: false });
      }, "program"),
      registerPackage: unsupported("parameterized packages"),
    };
  }

  /**
   * Answers an RPC. Errors of the run are reported before the program hears of them, so that it is never the program's
   * duty to tell the user; errors for the `program` are its own to catch or to fail with.
   */
  private unary<Request, Response>(
    handle: (request: Request) => Promise<Response>,
    errorsBelongTo: "run" | "program" = "run",
  ): grpc.handleUnaryCall<Request, Response> {
    return (call, callback) => {
      handle(call.request).then(
        (response) => callback(null, response),
        (error: unknown) => {
          const known = error instanceof ReportedFailure || error instanceof RunStopped;
          if (!known && errorsBelongTo === "run") this.context.error("", messageOf(error));
          // UNAVAILABLE makes the SDK end quietly: it reports nothing and goes no further, as under the real engine.
          const code = known || errorsBelongTo === "run" ? grpc.status.UNAVAILABLE : grpc.status.ABORTED;
          callback({ code, details: messageOf(error) });
        },
      );
    };
  }

  private deploymentInfo(): resource_pb.DeploymentInfo {
    const { project, stack, config = {}, secretConfigKeys = [], parallel = 16 } = this.context.options;
    const info = new resource_pb.DeploymentInfo()
      .setProject(project)
      .setStack(stack)
      .setOrganization("organization")
      .setConfigsecretkeysList([...secretConfigKeys])
      .setDryrun(this.context.preview)
      .setParallel(parallel)
      .setSupportedfeaturesList(FEATURES);
    for (const [key, value] of Object.entries(config)) info.getConfigMap().set(key, value);
    return info;
  }

  private registerResource(
    request: resource_pb.RegisterResourceRequest,
  ): Promise<resource_pb.RegisterResourceResponse> {
    return this.context.tracked(async () => {
      if (this.context.stopped) throw new RunStopped();
      const stated = goalOf(request);
      const goal = await this.choice.settle(inherit(stated, this.goals.get(stated.parent ?? "")));
      const resource = await this.planner.register(goal);
      this.goals.set(resource.urn, goal);
      if (resource.type === ROOT_STACK_TYPE) this.stackUrn = resource.urn;
      return new resource_pb.RegisterResourceResponse()
        .setUrn(resource.urn)
        .setId(resource.id ?? "")
        .setObject(encode(resource.custom ? resource.outputs : {}));
    });
  }

  private async registerHook(
    request: resource_pb.RegisterResourceHookRequest | resource_pb.RegisterErrorHookRequest,
    options: Pick<Hook, "onDryRun" | "ignoreErrors">,
  ): Promise<Empty> {
    const callback = request.getCallback();
    if (callback === undefined) throw new Error(`the hook "${request.getName()}" has no callback`);
    this.context.hooks.register(request.getName(), { callback, ...options });
    return new Empty();
  }

  private async registerOutputs(request: resource_pb.RegisterResourceOutputsRequest): Promise<Empty> {
    const urn = request.getUrn();
    const outputs = decode(request.getOutputs());
    if (urnType(urn) === ROOT_STACK_TYPE) {
      this.stackOutputs = outputs;
      return new Empty();
    }
    return this.context.tracked(async () => {
      const resource = this.context.state.get(urn);
      if (resource === undefined)
        throw this.context.error(urn, `outputs were registered for the unknown resource ${urn}`);
      const next = { ...resource, outputs };
      this.context.state.put(next);
      const step = this.context.reporter.componentStep(urn);
      if (step !== undefined && !resource.custom) await this.context.hooks.after({ ...step, new: next });
      this.context.reporter.componentFinished(urn, next);
      return new Empty();
    });
  }

  private readResource(request: resource_pb.ReadResourceRequest): Promise<resource_pb.ReadResourceResponse> {
    return this.context.tracked(async () => {
      if (this.context.stopped) throw new RunStopped();
      const goal = await this.choice.settle(readGoalOf(request));
      const resource = await this.planner.read(goal, request.getId());
      return new resource_pb.ReadResourceResponse().setUrn(resource.urn).setProperties(encode(resource.outputs));
    });
  }

  private async invoke(request: resource_pb.ResourceInvokeRequest): Promise<resource_pb.ResourceInvokeResponse> {
    const token = request.getTok();
    const args = decode(request.getArgs());
    if (token === "pulumi:pulumi:getResource") return invokeAnswer(this.lookUp(args));
    if (token.startsWith("pulumi:pulumi:"))
      throw this.context.error("", new UnsupportedFeature(`the function ${token}`).message);
    const provider = await this.choice.forInvoke(token, request.getProvider(), request.getVersion());
    const call = provider.invoke({ token, args: mapValues(args, dereference) }).catch((error: unknown) => {
      if (error instanceof RunStopped) throw error;
      throw new Error(`invocation of ${token} returned an error: ${messageOf(error)}`);
    });
    const { properties, failures } = await this.context.tracked(() => call);
    const answer = invokeAnswer(properties);
    for (const { property, reason } of failures) {
      answer.addFailures(new provider_pb.CheckFailure().setProperty(property).setReason(reason));
    }
    return answer;
  }

  /** The function with which a program turns a resource reference into the resource. */
  private lookUp(args: PropertyMap): PropertyMap {
    const urn = String(args.urn);
    const resource = this.context.registered.has(urn) ? this.context.state.get(urn) : undefined;
    if (resource === undefined) throw new Error(`unknown resource ${urn}`);
    return { urn, id: resource.id ?? "", state: resource.outputs };
  }
}

function invokeAnswer(properties: PropertyMap): resource_pb.ResourceInvokeResponse {
  return new resource_pb.ResourceInvokeResponse().setReturn(encode(properties));
}
