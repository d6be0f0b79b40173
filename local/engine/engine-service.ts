import type * as grpc from "@grpc/grpc-js";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { EngineService } from "@pulumi/pulumi/proto/engine_grpc_pb";
import * as engine_pb from "@pulumi/pulumi/proto/engine_pb";

import type { RunContext } from "./context";
import type { Diagnostic } from "./types";

const SEVERITIES: readonly Diagnostic["severity"][] = ["debug", "info", "warning", "error"];

/** Serves `pulumirpc.Engine`: what a program logs, and its root resource. */
export function serveEngine(
  server: grpc.Server,
  context: RunContext,
  programError: (urn: string, text: string) => void,
): void {
  let root = "";
  server.addService(EngineService, {
    log: (call: grpc.ServerUnaryCall<engine_pb.LogRequest, Empty>, callback: grpc.sendUnaryData<Empty>) => {
      const severity = SEVERITIES[call.request.getSeverity()] ?? "info";
      const [urn, text] = [call.request.getUrn(), call.request.getMessage()];
      if (severity === "error") programError(urn, text);
      // The SDK writes a debug message for every RPC, with everything in it.
      else if (severity !== "debug") context.reporter.diagnostic(severity, urn, text);
      callback(null, new Empty());
    },
    getRootResource: (
      _: grpc.ServerUnaryCall<engine_pb.GetRootResourceRequest, engine_pb.GetRootResourceResponse>,
      callback: grpc.sendUnaryData<engine_pb.GetRootResourceResponse>,
    ) => callback(null, new engine_pb.GetRootResourceResponse().setUrn(root)),
    setRootResource: (
      call: grpc.ServerUnaryCall<engine_pb.SetRootResourceRequest, engine_pb.SetRootResourceResponse>,
      callback: grpc.sendUnaryData<engine_pb.SetRootResourceResponse>,
    ) => {
      root = call.request.getUrn();
      callback(null, new engine_pb.SetRootResourceResponse());
    },
    startDebugging: (
      _: grpc.ServerUnaryCall<engine_pb.StartDebuggingRequest, Empty>,
      callback: grpc.sendUnaryData<Empty>,
    ) => callback(null, new Empty()),
    requirePulumiVersion: (
      _: grpc.ServerUnaryCall<engine_pb.RequirePulumiVersionRequest, engine_pb.RequirePulumiVersionResponse>,
      callback: grpc.sendUnaryData<engine_pb.RequirePulumiVersionResponse>,
    ) => callback(null, new engine_pb.RequirePulumiVersionResponse()),
  });
}
