// Batches that a webhook's endpoint did not take.

import * as z from "zod/mini";
import { webhookClientId } from "../names.ts";
import { itemsOf } from "../webhook/body.ts";
import { mayUse } from "./caller.ts";
import { note } from "./note.ts";
import { ProblemError } from "./problem.ts";
import { type Route, route } from "./route.ts";
import { cursor, none, page, pageOf, pageSchema } from "./schemas.ts";
import { callSession } from "./session-call.ts";
import { showLetter, shownLetter, webhookPath } from "./webhook-schemas.ts";

const tag = "Webhooks";
const letterPath = z.extend(webhookPath, { id: z.string().check(z.regex(/^\d{1,15}$/, "an id of the list")) });
const lettersPath = z.extend(webhookPath, {
  id: z.string().check(z.regex(/^(\d{1,15}|all)$/, "an id of the list, or all")),
});

const items = z.array(z.object({ id: z.string(), type: z.string(), atMs: z.nullable(z.number()), data: z.unknown() }));

interface Handling {
  readonly kind: "send-letters" | "discard-letters";
  readonly method: "POST" | "DELETE";
  readonly path: string;
  readonly summary: string;
  readonly description: string;
}

function handlingRoute({ kind, ...shape }: Handling): Route {
  return route({
    ...shape,
    scope: "operate",
    tag,
    params: lettersPath,
    query: none,
    answers: {
      status: 200,
      description: "How many batches it concerns.",
      schema: z.object({ batches: z.number() }),
    },
    async handle(call) {
      const { name, id } = call.path;
      const found = await note(call, { action: `webhook.${kind}`, subject: name, after: { id } });
      const request = { kind, ...(id === "all" ? {} : { position: Number(id) }) };
      const clientId = webhookClientId(name);
      const { count } = await callSession({ env: call.env, clientId, request, hopes: "letters-changed" });
      await found({ before: { batches: count } });
      return { status: 200, body: { batches: count } };
    },
  });
}

export const deadLetterRoutes = [
  route({
    method: "GET",
    path: "/webhooks/{name}/dead-letters",
    scope: "read",
    tag,
    summary: "List a webhook's dead letters",
    description:
      "Batches that its endpoint refused, or did not take in `attemptsMax` attempts: the last 1,000, or 64 MiB.",
    params: webhookPath,
    query: z.extend(page, { after: cursor(/^\d{0,15}$/) }),
    answers: { status: 200, description: "The oldest first.", schema: pageSchema(shownLetter) },
    async handle({ env, path, query }) {
      const after = query.after === "" ? -1 : Number(query.after);
      const request = { kind: "dead-letters", after, limit: query.limit } as const;
      const { letters } = await callSession({
        env,
        clientId: webhookClientId(path.name),
        request,
        hopes: "dead-letters",
      });
      return { status: 200, body: pageOf(letters.map(showLetter), query.limit, ({ id }) => id) };
    },
  }),
  route({
    method: "GET",
    path: "/webhooks/{name}/dead-letters/{id}",
    scope: "read",
    tag,
    summary: "Read a dead letter",
    description: "What is in it is shown to who has the scope `consume`.",
    params: letterPath,
    query: none,
    answers: {
      status: 200,
      description: "The batch, with its items.",
      schema: z.extend(shownLetter, { contents: items }),
    },
    async handle({ env, path, caller }) {
      if (!mayUse(caller, "consume")) {
        throw new ProblemError({
          status: 403,
          name: "scope-missing",
          title: 'What is in a message needs the scope "consume".',
          remedy: "Use a key with that scope, or look at the list.",
        });
      }
      const request = { kind: "dead-letter", position: Number(path.id) } as const;
      const clientId = webhookClientId(path.name);
      const answer = await callSession({ env, clientId, request, hopes: "dead-letter" });
      const contents = itemsOf({ generation: answer.generation, messages: answer.messages });
      return { status: 200, body: { ...showLetter(answer.letter), contents } };
    },
  }),
  handlingRoute({
    kind: "send-letters",
    method: "POST",
    path: "/webhooks/{name}/dead-letters/{id}/send",
    summary: "Send a dead letter, or all, again",
    description:
      "`all` stands for all. With the ids and the content that they had, once, ahead of what waits. What is delivered is no dead letter any more; what is not, stays.",
  }),
  handlingRoute({
    kind: "discard-letters",
    method: "DELETE",
    path: "/webhooks/{name}/dead-letters/{id}",
    summary: "Forget a dead letter, or all",
    description: "`all` stands for all.",
  }),
];
