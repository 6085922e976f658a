// Who is logged in, and what the key may do. The API decides; the page only does not offer what would be refused.

import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Caller, Scope } from "../api/types.ts";

export const CallerContext = createContext<Caller>({ name: "", scopes: [] });

export function useCaller(): Caller {
  return useContext(CallerContext);
}

export function useMay(scope: Scope): boolean {
  return mayUse(useCaller(), scope);
}

export function mayUse({ scopes }: Caller, scope: Scope): boolean {
  return scopes.includes("admin") || scopes.includes(scope) || (scope === "read" && scopes.includes("operate"));
}
