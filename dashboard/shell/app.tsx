// Who has shown a key, or is answered for by Cloudflare Access, sees the pages; everybody else is asked for one.

import { useEffect, useState } from "preact/hooks";
import { type Problem, whenKeyIsUnknown } from "../api/call.ts";
import { asProblem } from "../api/resource.ts";
import { forgetKey, keptKey } from "../api/session.ts";
import type { Caller } from "../api/types.ts";
import { CallerContext } from "./caller.ts";
import { Frame } from "./frame.tsx";
import { Login, readCaller } from "./login.tsx";
import { Messages } from "./messages.tsx";

type Session =
  | { readonly state: "asking"; readonly reason?: string }
  | { readonly state: "checking" }
  | { readonly state: "in"; readonly caller: Caller };

const keyIsUnknown = "The key is not known any more: it was deleted, or its time is over.";
const accessIsOver = "Your session at Cloudflare Access is over. Load this page again to log in there, or show a key.";
const accessGrantsNothing =
  "Cloudflare Access knows you, but this deployment grants you nothing: see CF_ACCESS_SCOPES. Or show a key.";

/** Nothing to whoever has shown nothing yet. */
function reasonOf({ status, message }: Problem, key: string | undefined): string | undefined {
  if (key !== undefined) return message;
  if (status === 401) return undefined;
  return status === 403 ? accessGrantsNothing : message;
}

export function App() {
  const [session, setSession] = useState<Session>({ state: "checking" });
  const ask = (reason?: string) => {
    forgetKey();
    setSession({ state: "asking", ...(reason === undefined ? {} : { reason }) });
  };
  useEffect(() => {
    whenKeyIsUnknown(() => ask(keptKey() === undefined ? accessIsOver : keyIsUnknown));
    const key = keptKey();
    // Without one, Cloudflare Access may know who it is.
    readCaller(key ?? "").then(
      (caller) => setSession({ state: "in", caller }),
      (error: unknown) => ask(reasonOf(asProblem(error), key)),
    );
  }, []);
  if (session.state === "checking") return null;
  if (session.state === "asking") {
    return <Login {...session} onCaller={(caller) => setSession({ state: "in", caller })} />;
  }
  return (
    <CallerContext.Provider value={session.caller}>
      <Frame onLogOut={() => ask()} />
      <Messages />
    </CallerContext.Provider>
  );
}
