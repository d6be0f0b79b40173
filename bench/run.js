"use strict";

// As in cli/isthmus.js: import() becomes a require, which goes through the transpiler.
require("esbuild-register/dist/node").register({ supported: { "dynamic-import": false } });
require("./main")
  .main(process.argv.slice(2))
  .catch((error) => {
    process.stderr.write(`${error.stack}\n`);
    process.exitCode = 1;
  });
