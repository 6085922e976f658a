// Files that the person at the terminal has named: what is wrong with one of them is said in words.

import { readFileSync } from "node:fs";
import { Failure } from "./failure.ts";

export function readBytes(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw unreadable(file, error);
  }
}

export function readText(file: string): string {
  return readBytes(file).toString("utf8");
}

export function unreadable(file: string, error: unknown): Failure {
  return new Failure(`${file} cannot be read: ${(error as Error).message}.`);
}

export function unwritable(file: string, error: unknown): Failure {
  return new Failure(`${file} cannot be written: ${(error as Error).message}.`);
}
