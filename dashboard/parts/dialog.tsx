// Dialogs: the browser's own, which keeps the focus inside and closes on Escape.

import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import type { Problem } from "../api/call.ts";
import { asProblem } from "../api/resource.ts";
import { ProblemContext } from "./field.tsx";
import { ProblemNotice } from "./states.tsx";

interface DialogProps {
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
}

export function Dialog({ title, onClose, children }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} aria-labelledby={titleId} onClose={onClose}>
      <h2 id={titleId} class="dialog-title">
        {title}
      </h2>
      {children}
    </dialog>
  );
}

interface FormDialogProps extends DialogProps {
  readonly action: string;
  readonly isDangerous?: boolean;
  /** The dialog closes when it resolves, and shows what it rejects with. */
  readonly onSubmit: (form: FormData) => Promise<void>;
}

export function FormDialog({ title, action, isDangerous = false, onSubmit, onClose, children }: FormDialogProps) {
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    setBusy(true);
    try {
      await onSubmit(new FormData(event.currentTarget as HTMLFormElement));
      onClose();
    } catch (error) {
      setProblem(asProblem(error));
      setBusy(false);
    }
  };
  return (
    <Dialog title={title} onClose={onClose}>
      <form onSubmit={submit}>
        {problem !== undefined && <ProblemNotice problem={problem} />}
        <ProblemContext.Provider value={problem}>
          <div class="fields">{children}</div>
        </ProblemContext.Provider>
        <div class="dialog-actions">
          <button type="button" class="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" class={`button ${isDangerous ? "button-bad" : "button-main"}`} disabled={isBusy}>
            {action}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

interface SecretDialogProps {
  readonly title: string;
  readonly secret: string;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
}

/** For what is shown once and never again. */
export function SecretDialog({ title, secret, onClose, children }: SecretDialogProps) {
  const [isCopied, setCopied] = useState(false);
  const copy = () => navigator.clipboard.writeText(secret).then(() => setCopied(true));
  return (
    <Dialog title={title} onClose={onClose}>
      <p>{children}</p>
      <p>
        <output class="secret">{secret}</output>
      </p>
      <div class="dialog-actions">
        <button type="button" class="button" onClick={() => void copy()}>
          {isCopied ? "Copied" : "Copy"}
        </button>
        <button type="button" class="button button-main" onClick={onClose}>
          I have kept it
        </button>
      </div>
    </Dialog>
  );
}
