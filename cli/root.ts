// The checkout that this command line stands in.

import { dirname } from "node:path";

export const root = dirname(import.meta.dirname);
