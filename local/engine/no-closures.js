"use strict";

// Preloaded into every program. The SDK loads a TypeScript compiler and an npm client with itself, for programs whose functions
// become cloud functions or dynamic providers. That takes longer than all else that a program loads, and none of ours does it:
// these stand in for the two modules by which the SDK gets there.
const { createRequire } = require("node:module");

function refuse() {
  throw new Error(
    "the embedded engine does not support dynamic providers and serialized functions: run this program with the real Pulumi " +
      "CLI, which does",
  );
}
for (const name of ["serializeFunction", "serializeFunctionAsync", "computeCodePaths"]) exports[name] = refuse;

const { resolve } = createRequire(`${process.cwd()}/index.js`);
for (const name of ["serializeClosure", "codePaths"]) {
  require.cache[resolve(`@pulumi/pulumi/runtime/closure/${name}`)] = module;
}
