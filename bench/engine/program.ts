import * as pulumi from "@pulumi/pulumi";

import { makeThings } from "./things";

makeThings(new pulumi.Config("bench").requireNumber("count"));
