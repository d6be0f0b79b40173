#!/usr/bin/env node
"use strict";

// Transpiles the TypeScript of this project as it is loaded: there is no build, so none can be stale. Node's own import()
// would not go through this hook, so it becomes a require.
require("esbuild-register/dist/node").register({ supported: { "dynamic-import": false } });
require("./main").main(process.argv);
