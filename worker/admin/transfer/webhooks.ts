// Webhooks, as a backup has them: without their secrets, since who has one can sign for the broker. Where one comes out of a backup it
// gets another, and is paused: its endpoint does not know the new one yet, and the broker that was backed up may go on sending.

import * as z from "zod/mini";
import { configOf } from "../../config.ts";
import { findOne } from "../../d1/seen.ts";
import { put } from "../../d1/shape.ts";
import { type StoredWebhook, webhookShape, webhooksAfter } from "../../d1/webhooks.ts";
import { eventBook } from "../../webhook/book.ts";
import { newSigningSecret } from "../../webhook/secret.ts";
import { ProblemError } from "../problem.ts";
import { checkWebhook, merged, newWebhook, showWebhook, webhookFields, webhookName } from "../webhook-schemas.ts";
import { applyWebhook } from "../webhook-session.ts";
import { webhooksMax } from "../webhooks.ts";
import { checkEach, exported, intake, quotaOf, type SavedTable, tooMany } from "./table.ts";

const row = z.strictObject({
  ...webhookFields,
  name: webhookName,
  createdAtMs: z.optional(z.int()),
  changedAtMs: z.optional(z.int()),
});

export const webhooksTable: SavedTable = {
  name: "webhooks",
  async export(control, after, limit) {
    return exported(
      await webhooksAfter(control, after, limit),
      limit,
      ({ name }) => name,
      (webhook) => {
        const { url, queue, isPaused: _paused, formerSecretUntilMs: _until, ...rest } = showWebhook(webhook);
        return { ...rest, ...(url === null ? { queue } : { url }) };
      },
    );
  },
  intake: intake<typeof row, StoredWebhook>({
    row,
    shape: webhookShape,
    keyOf: ({ name }) => [name],
    concerns: () => undefined,
    async check(rows, there, { env, control, nowMs }) {
      const wrong = checkEach(rows, (one) => checkWebhook(webhookOf(one, "", nowMs), env, configOf(env)));
      if (wrong.length > 0) return wrong;
      const known = (await webhooksAfter(control, "", webhooksMax)).length;
      return tooMany(rows, there, quotaOf("name", known, webhooksMax));
    },
    // Its session may come later, or never: until then the one that is there must not go on as the webhook before.
    async carryOut(replaced, revision, { env, control }) {
      eventBook(env).outdate(revision);
      for (const { name } of replaced) {
        const { item: webhook } = await findOne(control, webhookShape, name);
        if (webhook !== undefined) await applyWebhook(env, webhook, revision).catch(unlessUnfinished);
      }
    },
    async put(rows, there, { control, nowMs }) {
      const webhooks = rows.map((one) => webhookOf(one, there.get(one.name)?.secret ?? newSigningSecret(), nowMs));
      return put(control, webhookShape, webhooks);
    },
  }),
};

function webhookOf(one: z.output<typeof row>, secret: string, nowMs: number): StoredWebhook {
  const { name, createdAtMs = nowMs, changedAtMs: _changed, ...fields } = one;
  return { ...merged(newWebhook(name, secret, createdAtMs), fields, nowMs), isPaused: true };
}

/** A session that is being restored sends nothing: there is none, to who asks. */
function unlessUnfinished(error: unknown): void {
  if (!(error instanceof ProblemError) || error.problem.status !== 404) throw error;
}
