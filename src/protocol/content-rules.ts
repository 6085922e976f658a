// What the specification leaves to a server about the content of strings and payloads.

export type ControlCharacters = "allow" | "refuse";

export interface ContentRules {
  /** Whether strings may hold what they should not: U+0001..U+001F, U+007F..U+009F, non-characters [MQTT 1.5.4]. */
  readonly controlCharacters: ControlCharacters;
  /** Whether a payload that is said to be UTF-8 is held to it [MQTT 3.3.2.3.2] [MQTT 3.1.3.2.3]. */
  readonly payloadFormatValidated: boolean;
}

export const defaultContentRules: ContentRules = { controlCharacters: "allow", payloadFormatValidated: true };
