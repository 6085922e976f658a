import type { ContentRules } from "../protocol/content-rules.ts";

/** What a decoder has to know of the deployment. */
export interface DecoderLimits extends ContentRules {
  /** The Topic Alias Maximum of the CONNACK. */
  readonly topicAliasMaximum: number;
}
