// Who has shown a key, or is answered for by Cloudflare Access, sees the pages; everybody else is asked for one.

import { useEffect, useState } from "preact/hooks";
import { whenKeyIsUnknown } from "../api/call.ts";
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

export function App() {
  const [session, setSession] = useState<Session>({ state: "checking" });
  const ask = (reason?: string) => {
    forgetKey();
    setSession({ state: "asking", ...(reason === undefined ? {} : { reason }) });
  };
  useEffect(() => {
    whenKeyIsUnknown(() => ask("The key is not known any more: it was deleted, or its time is over."));
    const key = keptKey();
    // Without one, Cloudflare Access may know who it is.
    readCaller(key ?? "").then(
      (caller) => setSession({ state: "in", caller }),
      (error: Error) => ask(key === undefined ? undefined : error.message),
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
