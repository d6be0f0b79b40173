/** Transpile only: types are checked by `npm run typecheck`, once, instead of in every worker. */
module.exports = {
  testEnvironment: "node",
  roots: ["<rootDir>/test"],
  testPathIgnorePatterns: ["/node_modules/", "<rootDir>/test/e2e/", "<rootDir>/test/faults/"],
  transform: {
    "^.+\\.ts$": [
      "@swc/jest",
      { jsc: { parser: { syntax: "typescript" }, target: "es2022" }, module: { type: "commonjs" } },
    ],
  },
  // As for programs in processes of their own.
  moduleNameMapper: { "/closure/(serializeClosure|codePaths)$": "<rootDir>/local/engine/no-closures.js" },
  // Jest leaves one core free by default, which on two cores is half of them.
  maxWorkers: "100%",
  // Every suite that loads Pulumi leaves some hundred megabytes behind, and collecting them again and again takes a sixth of the time.
  workerIdleMemoryLimit: "800MB",
  testSequencer: "<rootDir>/test/kit/sequencer.js",
  setupFiles: ["<rootDir>/test/kit/setup.js"],
  setupFilesAfterEnv: ["<rootDir>/test/kit/teardown.js"],
  testTimeout: 30_000,
};
