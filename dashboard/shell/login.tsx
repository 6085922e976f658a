// Asks for an API key, tries it, and keeps it for this tab.

import { useState } from "preact/hooks";
import { call, type Problem } from "../api/call.ts";
import { asProblem } from "../api/resource.ts";
import { keepKey } from "../api/session.ts";
import type { Caller } from "../api/types.ts";
import { TextField, textOf } from "../parts/field.tsx";
import { ProblemNotice } from "../parts/states.tsx";
import { Mark } from "./mark.tsx";

export function readCaller(key: string): Promise<Caller> {
  return call("GET /self", { key });
}

interface LoginProps {
  /** Why somebody who was logged in is not any more. */
  readonly reason?: string;
  readonly onCaller: (caller: Caller) => void;
}

export function Login({ reason, onCaller }: LoginProps) {
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    setBusy(true);
    const key = textOf(new FormData(event.currentTarget as HTMLFormElement), "key");
    try {
      const caller = await readCaller(key);
      keepKey(key);
      onCaller(caller);
    } catch (error) {
      setProblem(asProblem(error));
      setBusy(false);
    }
  };
  return (
    <main class="login">
      <form class="login-card" onSubmit={submit}>
        <h1>
          <Mark /> DurableMQ
        </h1>
        {problem === undefined && reason !== undefined && (
          <p class="notice" role="status">
            {reason}
          </p>
        )}
        {problem !== undefined && <ProblemNotice problem={problem} />}
        <TextField
          name="key"
          label="API key"
          type="password"
          autocomplete="current-password"
          required
          autofocus
          hint={
            <>
              On this machine, the first one is in <code>.state/admin-key</code>. It stays in this tab, and is forgotten
              when you close it.
            </>
          }
        />
        <button type="submit" class="button button-main" disabled={isBusy}>
          Log in
        </button>
      </form>
    </main>
  );
}
