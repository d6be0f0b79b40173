"use strict";

// The SDK's storage of a run follows every promise of the process, in the suites after this one too.
afterAll(() => globalThis.asyncLocalStorage?.disable());
