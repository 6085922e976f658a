// What a form of the console has just done, or why it could not.

import { useState } from "preact/hooks";

export interface Outcome {
  readonly text: string;
  readonly isBad: boolean;
}

export interface Action {
  readonly isBusy: boolean;
  readonly outcome: Outcome | undefined;
  readonly submit: (event: SubmitEvent) => void;
}

export function useAction(act: (form: FormData, element: HTMLFormElement) => Promise<string>): Action {
  const [isBusy, setBusy] = useState(false);
  const [outcome, setOutcome] = useState<Outcome>();
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const element = event.currentTarget as HTMLFormElement;
    setBusy(true);
    act(new FormData(element), element)
      .then(
        (text) => setOutcome({ text, isBad: false }),
        (error: Error) => setOutcome({ text: error.message, isBad: true }),
      )
      .finally(() => setBusy(false));
  };
  return { isBusy, outcome, submit };
}
