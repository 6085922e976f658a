// The conversations of test/conversations with the core in this process. The same ones run over a WebSocket against the
// whole broker in test/e2e.

import { describe } from "vitest";
import { connecting } from "../conversations/connect.ts";
import { payloads, refusesControlCharacters, trustsPayloads } from "../conversations/content.ts";
import { delayed } from "../conversations/delayed.ts";
import { forgotten, interrupted } from "../conversations/interrupted.ts";
import { edges, smallLimits } from "../conversations/limits.ts";
import { ordered } from "../conversations/order.ts";
import { conversations } from "../conversations/play.ts";
import { toTheBroker, toTheSubscriber } from "../conversations/publish.ts";
import { retained } from "../conversations/retained.ts";
import { sessions } from "../conversations/session.ts";
import {
  allowsTwoAtOnce,
  hasMoved,
  hasMuchToSay,
  holdsOneMessage,
  type Setting,
  sendsToAnotherServer,
  setsTheKeepAlive,
  supportsLittle,
} from "../conversations/settings.ts";
import { shared } from "../conversations/shared.ts";
import { filters, subscriptions } from "../conversations/subscribe.ts";
import { wills } from "../conversations/will.ts";
import { CoreBroker } from "../support/core-broker.ts";

const byDefault: Setting = {
  env: {},
  conversations: [
    connecting,
    sessions,
    toTheBroker,
    toTheSubscriber,
    ordered,
    interrupted,
    forgotten,
    subscriptions,
    filters,
    payloads,
    edges,
    delayed,
    retained,
    shared,
    wills,
  ].flat(),
};

describe.each([
  { objects: "objects that keep their memory", forgetful: false },
  { objects: "objects that lose their memory whenever they come to rest", forgetful: true },
])("$objects", ({ forgetful }) => {
  for (const { env, conversations: table } of [
    byDefault,
    supportsLittle,
    setsTheKeepAlive,
    holdsOneMessage,
    allowsTwoAtOnce,
    refusesControlCharacters,
    trustsPayloads,
    smallLimits,
    hasMuchToSay,
    sendsToAnotherServer,
    hasMoved,
  ]) {
    conversations(() => new CoreBroker({ env, forgetful }), table);
  }
});
