// The way to an object. Where objects live is decided here and nowhere else: the same name in another jurisdiction is another
// object, so whoever asked past this file would find an empty one.

import { directoryOf } from "../src/directory/listing.ts";
import { configOf, type LocationHint, type Placement } from "./config.ts";
import type { SessionDirectory } from "./directory/object.ts";
import type { Env } from "./env.ts";
import type { GateObject } from "./gate/object.ts";
import { directoryName, gateName, relayName, shardName, traceName } from "./names.ts";
import type { RelayObject } from "./relay/object.ts";
import type { SessionObject } from "./session/object.ts";
import type { TopicShard } from "./shard/object.ts";
import type { TraceObject } from "./trace/object.ts";

/** Lives near whoever asks first: its own client, whose CONNECT makes it, or as who provisions it says. */
export function sessionStub(env: Env, name: string, locationHint?: LocationHint): DurableObjectStub<SessionObject> {
  return within(env.SESSION, configOf(env)).getByName(name, hintOf(locationHint));
}

function hintOf(locationHint: LocationHint | undefined): DurableObjectNamespaceGetDurableObjectOptions | undefined {
  return locationHint === undefined ? undefined : { locationHint };
}

/** The part of the directory that knows a session. */
export function directoryStub(env: Env, session: string): DurableObjectStub<SessionDirectory> {
  return directoryPartStub(env, directoryOf(session, configOf(env).directoryShards));
}

export function directoryPartStub(env: Env, index: number): DurableObjectStub<SessionDirectory> {
  const config = configOf(env);
  return within(env.DIRECTORY, config).getByName(directoryName(index), hint(config));
}

export function shardStub(env: Env, index: number): DurableObjectStub<TopicShard> {
  const config = configOf(env);
  return within(env.SHARD, config).getByName(shardName(index), hint(config));
}

export function relayStub(env: Env, shard: number, index: number): DurableObjectStub<RelayObject> {
  const config = configOf(env);
  return within(env.RELAY, config).getByName(relayName(shard, index), hint(config));
}

/** Few rows and rare calls, from everywhere: it lives where it is first asked. */
export function gateStub(env: Env, index: number): DurableObjectStub<GateObject> {
  return within(env.GATE, configOf(env)).getByName(gateName(index));
}

/** Lives where the trace was asked for. */
export function traceStub(env: Env, id: string): DurableObjectStub<TraceObject> {
  return within(env.TRACE, configOf(env)).getByName(traceName(id));
}

export function within<Class extends Rpc.DurableObjectBranded>(
  namespace: DurableObjectNamespace<Class>,
  { jurisdiction }: Pick<Placement, "jurisdiction">,
): DurableObjectNamespace<Class> {
  return jurisdiction === "none" ? namespace : namespace.jurisdiction(jurisdiction);
}

/** Heeded when the object is made, by its first call. */
export function hint({
  shardLocationHint,
}: Pick<Placement, "shardLocationHint">): DurableObjectNamespaceGetDurableObjectOptions | undefined {
  return shardLocationHint === "none" ? undefined : { locationHint: shardLocationHint };
}
