/** The whole fault matrix, and many random lives: minutes, on both cores. A sample of both is part of `npm test`. */
module.exports = {
  ...require("./jest.config"),
  roots: ["<rootDir>/test/faults"],
  testPathIgnorePatterns: ["/node_modules/"],
  globalSetup: "<rootDir>/test/faults/setup.js",
  globalTeardown: "<rootDir>/test/faults/teardown.js",
  testTimeout: 20 * 60_000,
};
