"use strict";

// Pulumi's runner has put ts-node, which checks types, in front of every TypeScript file. Types are checked by
// `npm run typecheck`; here that would cost seconds in each preview, so the plain loader comes back first.
const Module = require("node:module");
Module._extensions[".ts"] = Module._extensions[".js"];

require("esbuild-register/dist/node").register({ target: "node20" });
require("./index.ts");
