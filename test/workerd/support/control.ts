// Before each test file: the control database at its newest schema.

import { applyD1Migrations, type D1Migration } from "cloudflare:test";
import { env } from "cloudflare:workers";

const { CONTROL, TEST_MIGRATIONS } = env as typeof env & { readonly TEST_MIGRATIONS: D1Migration[] };
await applyD1Migrations(CONTROL, TEST_MIGRATIONS);
