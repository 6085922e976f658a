// Asks what the rules would decide, without anybody having to try it.

import type { TargetedSubmitEvent } from "preact";
import { useState } from "preact/hooks";
import { call, type Problem } from "../api/call.ts";
import { asProblem } from "../api/resource.ts";
import type { Verdict } from "../api/types.ts";
import { CheckField, choiceOf, SelectField, TextField, textOf } from "../parts/field.tsx";
import { Section } from "../parts/page.tsx";
import { ProblemNotice } from "../parts/states.tsx";
import { Badge, Code, plural } from "../parts/words.tsx";

const actions = ["publish", "subscribe"] as const;
const qosLevels = [0, 1, 2] as const;

export function Simulator() {
  const [verdict, setVerdict] = useState<Verdict>();
  const [problem, setProblem] = useState<Problem>();
  const [action, setAction] = useState<(typeof actions)[number]>("publish");
  const ask = async (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const user = textOf(form, "user");
    const body = {
      clientId: textOf(form, "clientId"),
      ...(user === "" ? {} : { user }),
      action,
      topic: textOf(form, "topic"),
      qos: choiceOf(form, "qos", qosLevels),
      ...(form.has("retain") ? { retain: true } : {}),
    };
    try {
      setVerdict(await call("POST /explain", { body }));
      setProblem(undefined);
    } catch (error) {
      setVerdict(undefined);
      setProblem(asProblem(error));
    }
  };
  return (
    <Section title="What would be decided?">
      <form class="panel simulator" onSubmit={ask}>
        <div class="line">
          <TextField name="user" label="User" />
          <TextField name="clientId" label="Client id" required class="code-input" />
          <SelectField
            name="action"
            label="Wants to"
            choices={actions}
            value={action}
            onChange={(event) => setAction(event.currentTarget.value as typeof action)}
          />
          <TextField name="topic" label={action === "publish" ? "Topic" : "Topic filter"} required class="code-input" />
          <SelectField name="qos" label="QoS" choices={qosLevels} value="1" />
          {action === "publish" && <CheckField name="retain" label="Retained" />}
          <button type="submit" class="button button-main">
            Ask
          </button>
        </div>
        {problem !== undefined && <ProblemNotice problem={problem} />}
        <div role="status">{verdict !== undefined && <Answer verdict={verdict} />}</div>
      </form>
    </Section>
  );
}

function Answer({ verdict: { isAllowed, why, rule, remedy, rulesTried } }: { readonly verdict: Verdict }) {
  return (
    <div class="verdict">
      <p>
        <Badge tone={isAllowed ? "good" : "bad"}>{isAllowed ? "allowed" : "denied"}</Badge> {why}
      </p>
      {rule !== null && (
        <p>
          Decided by the rule to {rule.effect} {rule.action === "all" ? "everything" : rule.action} on{" "}
          <Code>{rule.filter}</Code>, after {plural(rulesTried, "rule was", "rules were")} tried.
        </p>
      )}
      {remedy !== null && <p class="faint">{remedy}</p>}
    </div>
  );
}
