// The repository as text, for the rules that no compiler knows.

import { globSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

const notOurs = ["**/node_modules/**", ".git/**", ".tools/**", ".state/**", ".wrangler/**", "**/dist/**"];

export interface Source {
  /** From the root of the repository. */
  readonly path: string;
  readonly text: string;
}

export interface Import {
  /** A path from the root of the repository, or the name of a package. */
  readonly target: string;
  readonly typeOnly: boolean;
  /** By a call, where the code first comes by. */
  readonly late: boolean;
}

export function filesOf(pattern: string): Source[] {
  return globSync(pattern, { cwd: root, exclude: notOurs, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .sort()
    .map((path) => ({ path, text: readFileSync(join(root, path), "utf8") }));
}

export function importsOf(source: Source): Import[] {
  const code = withoutComments(source.text);
  const statements = code.matchAll(/^(?:import|export)(\s+type)?\s+[\w*{][^;"'`=()]*\sfrom\s+["']([^"']+)["']/gm);
  const effects = code.matchAll(/^import()\s+["']([^"']+)["']/gm);
  const calls = code.matchAll(/(typeof\s+)?\bimport\(\s*["']([^"']+)["']/g);
  const found = (late: boolean) => {
    return ([, type, target = ""]: RegExpExecArray) => {
      return { target: resolve(source.path, target), typeOnly: Boolean(type), late };
    };
  };
  return [...[...statements, ...effects].map(found(false)), ...[...calls].map(found(true))];
}

/** Strings stay as they are, so that an address in one is not taken for a comment. */
export function withoutComments(text: string): string {
  const stringsAndComments = /("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`)|\/\*[\s\S]*?\*\/|\/\/[^\n]*/g;
  return text.replace(stringsAndComments, (_, string: string | undefined) => string ?? "");
}

function resolve(from: string, target: string): string {
  return target.startsWith(".") ? join(dirname(from), target) : target;
}
