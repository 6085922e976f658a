// Says in a line what was just done, also to who does not see the screen.

import { useEffect, useState } from "preact/hooks";

const shownMs = 5_000;

let show = (_text: string): void => {};

export function say(text: string): void {
  show(text);
}

export function sayFailure(error: unknown): void {
  say(error instanceof Error ? error.message : `${error}`);
}

export function Messages() {
  const [message, setMessage] = useState<{ readonly text: string }>();
  useEffect(() => {
    show = (text) => setMessage({ text });
  }, []);
  useEffect(() => {
    if (message === undefined) return;
    const timer = window.setTimeout(() => setMessage(undefined), shownMs);
    return () => window.clearTimeout(timer);
  }, [message]);
  return (
    <div class="messages" role="status" aria-live="polite">
      {message !== undefined && <p>{message.text}</p>}
    </div>
  );
}
