import type { Outcome } from "./action.ts";

export function OutcomeLine({ outcome }: { readonly outcome: Outcome | undefined }) {
  return (
    <p class={outcome?.isBad ? "outcome bad" : "outcome"} role="status">
      {outcome?.text}
    </p>
  );
}
