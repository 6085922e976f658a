import type { Env as BrokerEnv } from "../../worker/env.ts";

declare global {
  namespace Cloudflare {
    interface GlobalProps {
      mainModule: typeof import("../../worker/index.ts");
    }
    interface Env extends BrokerEnv {}
  }
}
