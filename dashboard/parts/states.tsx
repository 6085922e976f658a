// What stands where something is still loading, is not there, or went wrong.

import type { ComponentChildren } from "preact";
import type { Problem } from "../api/call.ts";
import type { Loaded, Resource } from "../api/resource.ts";

export function Loading({ what = "Loading" }: { readonly what?: string }) {
  return (
    <div class="loading" role="status">
      <span class="visually-hidden">{what}</span>
      <span class="bone" />
      <span class="bone" />
      <span class="bone" />
    </div>
  );
}

interface EmptyProps {
  readonly title: string;
  readonly children?: ComponentChildren;
}

/** Says what would be here, and how to get it. */
export function Empty({ title, children }: EmptyProps) {
  return (
    <div class="empty">
      <p class="empty-title">{title}</p>
      {children}
    </div>
  );
}

export function ProblemNotice({ problem, retry }: { readonly problem: Problem; readonly retry?: () => void }) {
  return (
    <div class="notice notice-bad" role="alert">
      <p class="notice-title">{problem.message}</p>
      <p>{problem.remedy}</p>
      {problem.fields.length > 0 && (
        <ul>
          {problem.fields.map(({ path, message }) => (
            <li key={path}>
              <code>{path.replace(/^(body|query|path)\./, "")}</code>: {message}
            </li>
          ))}
        </ul>
      )}
      {retry !== undefined && (
        <button type="button" class="button" onClick={retry}>
          Try again
        </button>
      )}
    </div>
  );
}

interface WhenReadyProps<Value> {
  readonly resource: Resource<Value> | (Loaded<Value> & { readonly reload?: () => void });
  readonly children: (value: Value) => ComponentChildren;
}

export function WhenReady<Value>({ resource, children }: WhenReadyProps<Value>) {
  if (resource.state === "loading") return <Loading />;
  if (resource.state === "failed") {
    return (
      <ProblemNotice
        problem={resource.problem}
        {...(resource.reload === undefined ? {} : { retry: resource.reload })}
      />
    );
  }
  return <>{children(resource.value)}</>;
}
