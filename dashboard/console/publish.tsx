// Publishing, with everything a PUBLISH of MQTT 5 can carry.

import { AreaField, CheckField, choiceOf, exactTextOf, SelectField, TextField, textOf } from "../parts/field.tsx";
import { bytesOfHex } from "../parts/payload.ts";
import { useAction } from "./action.ts";
import type { Connection } from "./connection.ts";
import { OutcomeLine } from "./outcome.tsx";

const qosLevels = [0, 1, 2] as const;

export function Publish({ connection }: { readonly connection: Connection }) {
  const { isBusy, outcome, submit } = useAction(async (form) => {
    const text = exactTextOf(form, "payload");
    const expiry = textOf(form, "expiry");
    const payload = textOf(form, "payloadKind") === "hex" ? bytesOfHex(text) : new TextEncoder().encode(text);
    return connection.publish(textOf(form, "topic"), payload, {
      qos: choiceOf(form, "publishQos", qosLevels),
      retain: form.has("retain"),
      contentType: textOf(form, "contentType"),
      responseTopic: textOf(form, "responseTopic"),
      correlationData: textOf(form, "correlationData"),
      expirySeconds: expiry === "" ? undefined : Number(expiry),
      isUtf8: form.has("isUtf8"),
      userProperties: userPropertiesOf(exactTextOf(form, "userProperties")),
    });
  });
  return (
    <section class="panel">
      <h2>Publish</h2>
      <form onSubmit={submit}>
        <div class="line">
          <TextField name="topic" label="Topic" required class="code-input" defaultValue="hello/world" />
          <SelectField name="publishQos" label="QoS" choices={qosLevels} value="1" />
        </div>
        <AreaField name="payload" label="Payload" rows={4} class="code-input" defaultValue={'{ "hello": "world" }'} />
        <div class="line">
          <SelectField
            name="payloadKind"
            label="Payload is"
            choices={[
              { value: "text", label: "text" },
              { value: "hex", label: "hexadecimal" },
            ]}
            value="text"
          />
          <CheckField name="retain" label="Retain" />
          <button type="submit" class="button button-main" disabled={isBusy || connection.state !== "connected"}>
            Publish
          </button>
        </div>
        <details class="more-options">
          <summary>Properties</summary>
          <div class="fields fields-in-two">
            <TextField name="contentType" label="Content type" />
            <TextField name="expiry" label="Message expiry, seconds" type="number" min={0} />
            <TextField name="responseTopic" label="Response topic" class="code-input" />
            <TextField name="correlationData" label="Correlation data" class="code-input" />
          </div>
          <CheckField name="isUtf8" label="Say that the payload is UTF-8" />
          <AreaField
            name="userProperties"
            label="User properties"
            class="code-input"
            hint={
              <>
                One on each line: <code>name: value</code>
              </>
            }
          />
        </details>
        <OutcomeLine outcome={outcome} />
      </form>
    </section>
  );
}

function userPropertiesOf(text: string): [string, string][] {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  return lines.map((line) => {
    const [, name, value] = /^\s*([^:]+?)\s*:\s*(.*?)\s*$/.exec(line) ?? [];
    if (name === undefined || value === undefined)
      throw new Error(`A user property is "name: value", and not "${line}".`);
    return [name, value];
  });
}
