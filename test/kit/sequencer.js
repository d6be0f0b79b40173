"use strict";

const { default: Sequencer } = require("@jest/test-sequencer");

/** Suites that take half a minute each, since they run the command or whole platforms. */
const LONG = ["cli/story", "components/life", "engine/corpus", "cli/verbs", "components/graph"];

/**
 * Starts the long suites first, so that none is left alone on one core at the end. Jest learns that from earlier runs, and a
 * fresh checkout has none.
 */
module.exports = class extends Sequencer {
  sort(tests) {
    const rank = ({ path }) => {
      const index = LONG.findIndex((suite) => path.endsWith(`${suite}.test.ts`));
      return index < 0 ? LONG.length : index;
    };
    return [...super.sort(tests)].sort((a, b) => rank(a) - rank(b));
  }
};
