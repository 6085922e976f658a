// Seeds of worlds in which a promise was broken once. A seed tells the same world only as long as worlds draw what they draw
// today; so what was found is a test of its own too, which is named here.

export interface Regression {
  readonly seed: number;
  readonly what: string;
  readonly test: string;
}

export const regressions: readonly Regression[] = [
  {
    seed: 4,
    what: "a shard whose tables newer code had widened could not store delayed messages",
    test: "test/contract/delayed-rows.ts",
  },
  {
    seed: 18,
    what: "a QoS 2 message that was sent again before the first had left was delayed twice",
    test: "test/unit/shard/delayed.test.ts",
  },
  {
    seed: 21,
    what: "and kept for a group twice",
    test: "test/unit/shard/group.test.ts",
  },
  {
    seed: 1098,
    what: "a will that came again while a session hung was kept for a group each time",
    test: "test/unit/shard/group.test.ts",
  },
  {
    seed: 70184,
    what: "a call of a session that its client had replaced was carried out again by a later life of the shard",
    test: "test/unit/shard/source-cursors.test.ts",
  },
  {
    seed: 90749,
    what: "positions that nobody got were forgotten when the object slept before it wrote what lies behind them",
    test: "test/scripts/holding.test.ts",
  },
  {
    seed: 90772,
    what: "a group waited for ever for a lone member that had said that it was full, or left, and was gone",
    test: "test/unit/shard/group.test.ts",
  },
  {
    seed: 101071,
    what: "two lives of a session went above the same later incarnation, and calls of the second were taken for repeats of the first's",
    test: "test/unit/hop/key.test.ts",
  },
  {
    seed: 600508,
    what: "an owed call that got a newer key was taken for the last one, and those owed behind it for its repeats",
    test: "test/unit/worker/outbox.test.ts",
  },
  {
    seed: 600896,
    what: "a session forgot how far it had taken a publisher's earlier session, of which a call came again",
    test: "test/contract/session-store.ts",
  },
  {
    seed: 500329,
    what: "two sessions of a client id had one generation, and QoS 2 messages of the second were taken for old ones",
    test: "test/unit/hop/generations.test.ts",
  },
  {
    seed: 500297,
    what: "routes of a session that was gone, with a higher generation than its successor, kept a message from it",
    test: "test/unit/shard/routes.test.ts",
  },
  {
    seed: 510487,
    what: "a group kept messages for a member that was away and whose session ended without being heard",
    test: "test/unit/shard/group.test.ts",
  },
  {
    seed: 602365,
    what: "of several batches of one publisher that were released in one call, a later one was taken behind one that was refused, which was taken for old when it came",
    test: "test/scripts/queue-policy.test.ts",
  },
  {
    seed: 705118,
    what: "what a group's member had begun at QoS 2 went to another when it had subscribed at QoS 1 since, and ended",
    test: "test/unit/shard/group.test.ts",
  },
  {
    seed: 704164,
    what: "a group kept messages for a member whose UNSUBSCRIBE came under a generation below its own",
    test: "test/workerd/shared.test.ts",
  },
  {
    seed: 6001852,
    what: "what a group's member had begun at QoS 2 went to another when its session had ended before the call to it was made again at once",
    test: "test/unit/shard/group.test.ts",
  },
];
