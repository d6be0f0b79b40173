import type * as grpc from "@grpc/grpc-js";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import * as engine_pb from "@pulumi/pulumi/proto/engine_pb";

import type { RunContext } from "./context";

/** The methods of `pulumirpc.Engine`: what a program logs, and its root resource. */
export function engineMethods(context: RunContext, programError: (urn: string, text: string) => void) {
  let root = "";
  return {
    log: answering((request: engine_pb.LogRequest) => {
      const [severity, urn, text] = [request.getSeverity(), request.getUrn(), request.getMessage()];
      // The SDK writes a debug message for every RPC, with everything in it.
      if (severity === engine_pb.LogSeverity.ERROR) programError(urn, text);
      else if (severity === engine_pb.LogSeverity.WARNING) context.reporter.diagnostic("warning", urn, text);
      else if (severity === engine_pb.LogSeverity.INFO) context.reporter.diagnostic("info", urn, text);
      return new Empty();
    }),
    getRootResource: answering(() => new engine_pb.GetRootResourceResponse().setUrn(root)),
    setRootResource: answering((request: engine_pb.SetRootResourceRequest) => {
      root = request.getUrn();
      return new engine_pb.SetRootResourceResponse();
    }),
    requirePulumiVersion: answering(() => new engine_pb.RequirePulumiVersionResponse()),
  };
}

function answering<Request, Response>(
  answer: (request: Request) => Response,
): (call: { request: Request }, callback: grpc.sendUnaryData<Response>) => void {
  return ({ request }, callback) => callback(null, answer(request));
}
