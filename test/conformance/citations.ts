// Which statements the tests cite. A citation is an id such as MQTT-3.1.0-2 (5.0) or MQTT3-3.1.0-2 (3.1.1) in a string of
// a test file: a title, or a row of the table that titles are made of. Comments do not count.

import { filesOf, withoutComments } from "../tidy/sources.ts";

export interface Citation {
  /** With its prefix: MQTT-... or MQTT3-... */
  readonly id: string;
  readonly path: string;
}

const stringLiteral = /"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`/g;
/** Wider than an id, so that a misprinted one is found and not overlooked. */
const citation = /\bMQTT3?-\d[\d.]*(?:-\d[\d.-]*)?/g;

/** Support for tests asserts nothing, and the manifest itself is about the statements. */
const isTest = (path: string): boolean =>
  !path.startsWith("test/support/") && !/^test\/conformance\/(?!.*\.test\.ts$)|\/manifest\.test\.ts$/.test(path);

export function citationsIn(text: string): string[] {
  const strings = withoutComments(text).match(stringLiteral) ?? [];
  return strings.flatMap((string) => string.match(citation) ?? []);
}

export function citations(): Citation[] {
  return filesOf("test/**/*.ts")
    .filter(({ path }) => isTest(path))
    .flatMap(({ path, text }) => citationsIn(text).map((id) => ({ id, path })));
}
