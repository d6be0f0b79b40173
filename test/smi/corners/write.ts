/** `npm run docs:smi`: writes the support matrix of docs/smi.md. */
import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";

import { withMatrix } from "./matrix";

const path = resolve(__dirname, "../../../docs/smi.md");
writeFileSync(path, withMatrix(readFileSync(path, "utf8")));
