// `npm run docs`: writes what the documentation and the dashboard say of the code, from the code.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { configurationPage, configurationPath } from "./configuration.mjs";
import { written } from "./http-api.mjs";
import { root } from "./setup.mjs";

for (const [path, text] of Object.entries(written())) writeFileSync(join(root, path), text);
const configuration = join(root, configurationPath);
writeFileSync(configuration, configurationPage(readFileSync(configuration, "utf8")));
