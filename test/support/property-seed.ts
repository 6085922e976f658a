// PROPERTY_SEED says with which cases properties are tried: a run that is repeated, or has to pass where it has passed before, has the
// same ones. Without it each run has others.

import fc from "fast-check";
import { inject } from "vitest";

declare module "vitest" {
  interface ProvidedContext {
    readonly propertySeed: number | undefined;
  }
}

const seed = inject("propertySeed");
if (seed !== undefined) fc.configureGlobal({ seed });
