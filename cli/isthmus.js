#!/usr/bin/env node
"use strict";

// Transpiles the TypeScript of this project as it is loaded: there is no build, so none can be stale. Node's own import()
// would not go through this hook, so it becomes a require.
require("esbuild-register/dist/node").register({ supported: { "dynamic-import": false } });

// A reader that has seen enough, as in `| head`, is no failure: what was begun goes on to its end, without a word.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error) => {
    if (error.code !== "EPIPE") throw error;
  });
}
require("./main").main(process.argv);
