"use strict";

// The Pulumi SDK records a stack trace with every resource; jest maps each frame, which took half of a graph test's time.
Error.stackTraceLimit = 4;
