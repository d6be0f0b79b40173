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
    log: answering((request: engine_pb.LogRequest) => {
      const severity = SEVERITIES[request.getSeverity()] ?? "info";
      const [urn, text] = [request.getUrn(), request.getMessage()];
      if (severity === "error") programError(urn, text);
      // The SDK writes a debug message for every RPC, with everything in it.
      else if (severity !== "debug") context.reporter.diagnostic(severity, urn, text);
      return new Empty();
    }),
    getRootResource: answering(() => new engine_pb.GetRootResourceResponse().setUrn(root)),
    setRootResource: answering((request: engine_pb.SetRootResourceRequest) => {
      root = request.getUrn();
      return new engine_pb.SetRootResourceResponse();
    }),
    startDebugging: answering(() => new Empty()),
    requirePulumiVersion: answering(() => new engine_pb.RequirePulumiVersionResponse()),
  });
}

function answering<Request, Response>(
  answer: (request: Request) => Response,
): (call: { request: Request }, callback: grpc.sendUnaryData<Response>) => void {
  return ({ request }, callback) => callback(null, answer(request));
}
