// Statements that bind this server and that no test cites, each with its reason. The list may only shrink: when an entry
// goes, its maximum goes down with it.

export interface Untested {
  /** MQTT-... (5.0) or MQTT3-... (3.1.1). */
  readonly id: string;
  /**
   * "not yet": the feature is not there. "broken": it is, and breaks the statement, if only in one place. "no subject": this server never
   * does what the statement is about. "untestable": no observation could contradict it. "gap": a test is owed.
   */
  readonly why: "not yet" | "broken" | "no subject" | "untestable" | "gap";
  readonly reason: string;
}

export const untestedMax = 17;

export const untested: readonly Untested[] = [
  {
    id: "MQTT-3.1.3-8",
    why: "no subject",
    reason: "This server refuses no well-formed client id in 5.0: an empty one is replaced, any other accepted.",
  },
  {
    id: "MQTT-3.2.2-8",
    why: "untestable",
    reason: "It is about every CONNACK; each test of a CONNACK compares one code, and each of those is listed.",
  },
  {
    id: "MQTT-3.3.4-5",
    why: "no subject",
    reason: "One copy goes to a session, whatever its subscriptions overlap in, so there are never several.",
  },
  { id: "MQTT-3.4.2-3", why: "no subject", reason: "This server puts no User Property into PUBACK." },
  { id: "MQTT-3.5.2-3", why: "no subject", reason: "This server puts no User Property into PUBREC." },
  { id: "MQTT-3.6.2-3", why: "no subject", reason: "This server puts no User Property into PUBREL." },
  { id: "MQTT-3.7.2-3", why: "no subject", reason: "This server puts no User Property into PUBCOMP." },
  { id: "MQTT-3.9.2-1", why: "no subject", reason: "This server puts no Reason String into SUBACK." },
  { id: "MQTT-3.9.2-2", why: "no subject", reason: "This server puts no User Property into SUBACK." },
  { id: "MQTT-3.11.2-1", why: "no subject", reason: "This server puts no Reason String into UNSUBACK." },
  { id: "MQTT-3.11.2-2", why: "no subject", reason: "This server puts no User Property into UNSUBACK." },
  { id: "MQTT-3.14.2-4", why: "no subject", reason: "This server puts no User Property into DISCONNECT." },
  { id: "MQTT-3.15.2-2", why: "no subject", reason: "This server puts no Reason String into AUTH." },
  { id: "MQTT-3.15.2-3", why: "no subject", reason: "This server puts no User Property into AUTH." },
  {
    id: "MQTT-4.2-1",
    why: "untestable",
    reason: "Every end-to-end test runs over WebSocket, which is such a transport; none could run without.",
  },
  {
    id: "MQTT3-7.0.0-2",
    why: "untestable",
    reason: "No test could show the absence of an extension that is needed; clients that know none are tested.",
  },
  {
    id: "MQTT3-7.1.1-1",
    why: "untestable",
    reason: "Every end-to-end test runs over WebSocket, which is such a transport; none could run without.",
  },
];
