/** Tests against real servers on loopback, which `scripts/install-e2e.sh` installs. */
module.exports = {
  ...require("./jest.config"),
  roots: ["<rootDir>/test/e2e"],
  testPathIgnorePatterns: ["/node_modules/"],
  globalSetup: "<rootDir>/test/e2e/install.ts",
  testTimeout: 60_000,
};
