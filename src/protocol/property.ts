// The properties of MQTT 5 as a table: what each is made of, where it may stand, which values it may have. A reader walks
// bytes and asks this table; nobody else knows a property's rules.

/** Where properties stand, as bits, so that one number says all places a property is allowed in. */
export const PropertyPlace = {
  connect: 1 << 0,
  will: 1 << 1,
  connack: 1 << 2,
  publish: 1 << 3,
  puback: 1 << 4,
  pubrec: 1 << 5,
  pubrel: 1 << 6,
  pubcomp: 1 << 7,
  subscribe: 1 << 8,
  suback: 1 << 9,
  unsubscribe: 1 << 10,
  unsuback: 1 << 11,
  disconnect: 1 << 12,
  auth: 1 << 13,
} as const;

export type PropertyPlace = (typeof PropertyPlace)[keyof typeof PropertyPlace];

export const PropertyId = {
  payloadFormatIndicator: 0x01,
  messageExpiryInterval: 0x02,
  contentType: 0x03,
  responseTopic: 0x08,
  correlationData: 0x09,
  subscriptionIdentifier: 0x0b,
  sessionExpiryInterval: 0x11,
  assignedClientIdentifier: 0x12,
  serverKeepAlive: 0x13,
  authenticationMethod: 0x15,
  authenticationData: 0x16,
  requestProblemInformation: 0x17,
  willDelayInterval: 0x18,
  requestResponseInformation: 0x19,
  responseInformation: 0x1a,
  serverReference: 0x1c,
  reasonString: 0x1f,
  receiveMaximum: 0x21,
  topicAliasMaximum: 0x22,
  topicAlias: 0x23,
  maximumQos: 0x24,
  retainAvailable: 0x25,
  userProperty: 0x26,
  maximumPacketSize: 0x27,
  wildcardSubscriptionAvailable: 0x28,
  subscriptionIdentifiersAvailable: 0x29,
  sharedSubscriptionAvailable: 0x2a,
} as const;

export type PropertyId = (typeof PropertyId)[keyof typeof PropertyId];

export type PropertyType = "byte" | "uint16" | "uint32" | "varint" | "string" | "binary" | "pair";

export interface PropertyRule {
  readonly id: PropertyId;
  readonly name: string;
  readonly type: PropertyType;
  /** Sum of the places it is allowed in. */
  readonly places: number;
  /** May stand several times in one packet (everything else is a protocol error when repeated). */
  readonly repeatable: boolean;
  /** Smallest and largest value of a number. */
  readonly minimum: number;
  readonly maximum: number;
}

const { connect, will, connack, publish, puback, pubrec, pubrel, pubcomp } = PropertyPlace;
const { subscribe, suback, unsubscribe, unsuback, disconnect, auth } = PropertyPlace;
const acks = puback | pubrec | pubrel | pubcomp;
const answers = connack | acks | suback | unsuback | disconnect | auth;
const everywhere = answers | connect | will | publish | subscribe | unsubscribe;

/** A client's subscription identifier is 1 to 268,435,455 [MQTT 3.8.2.1.2]. */
const varintMaximum = 0x0fff_ffff;

const typeMaximum: Readonly<Record<PropertyType, number>> = {
  byte: 0xff,
  uint16: 0xffff,
  uint32: 0xffff_ffff,
  varint: varintMaximum,
  string: 0,
  binary: 0,
  pair: 0,
};

type Row = readonly [
  name: keyof typeof PropertyId,
  type: PropertyType,
  places: number,
  range?: { readonly minimum?: number; readonly maximum?: number },
];

const flag = { maximum: 1 };
const notZero = { minimum: 1 };

const rows: readonly Row[] = [
  ["payloadFormatIndicator", "byte", publish | will, flag],
  ["messageExpiryInterval", "uint32", publish | will],
  ["contentType", "string", publish | will],
  ["responseTopic", "string", publish | will],
  ["correlationData", "binary", publish | will],
  ["subscriptionIdentifier", "varint", publish | subscribe, notZero],
  ["sessionExpiryInterval", "uint32", connect | connack | disconnect],
  ["assignedClientIdentifier", "string", connack],
  ["serverKeepAlive", "uint16", connack],
  ["authenticationMethod", "string", connect | connack | auth],
  ["authenticationData", "binary", connect | connack | auth],
  ["requestProblemInformation", "byte", connect, flag],
  ["willDelayInterval", "uint32", will],
  ["requestResponseInformation", "byte", connect, flag],
  ["responseInformation", "string", connack],
  ["serverReference", "string", connack | disconnect],
  ["reasonString", "string", answers],
  ["receiveMaximum", "uint16", connect | connack, notZero],
  ["topicAliasMaximum", "uint16", connect | connack],
  ["topicAlias", "uint16", publish, notZero],
  ["maximumQos", "byte", connack, flag],
  ["retainAvailable", "byte", connack, flag],
  ["userProperty", "pair", everywhere],
  ["maximumPacketSize", "uint32", connect | connack, notZero],
  ["wildcardSubscriptionAvailable", "byte", connack, flag],
  ["subscriptionIdentifiersAvailable", "byte", connack, flag],
  ["sharedSubscriptionAvailable", "byte", connack, flag],
];

function toRule([name, type, places, range]: Row): PropertyRule {
  return {
    id: PropertyId[name],
    name,
    type,
    places,
    repeatable: name === "userProperty",
    minimum: range?.minimum ?? 0,
    maximum: range?.maximum ?? typeMaximum[type],
  };
}

/** Indexed by identifier; holes are identifiers that do not exist. */
export const propertyRules: readonly (PropertyRule | undefined)[] = (() => {
  const rules = new Array<PropertyRule | undefined>(0x2b).fill(undefined);
  for (const row of rows) rules[PropertyId[row[0]]] = toRule(row);
  return rules;
})();
