// The MQTT console. It is loaded when somebody first opens it: most never do, and MQTT.js is larger than everything else.

import type { FunctionComponent } from "preact";
import { useEffect, useState } from "preact/hooks";
import { asProblem, type Loaded } from "../api/resource.ts";
import { Page } from "../parts/page.tsx";
import { WhenReady } from "../parts/states.tsx";

export function Console() {
  const [loaded, setLoaded] = useState<Loaded<FunctionComponent>>({ state: "loading" });
  useEffect(() => {
    import("../console/console.tsx").then(
      ({ Connections }) => setLoaded({ state: "ready", value: Connections }),
      (error: unknown) => setLoaded({ state: "failed", problem: asProblem(error) }),
    );
  }, []);
  return (
    <Page
      title="Console"
      about="MQTT 5 connections from this page to this broker: they count as any other client, under the same rules."
    >
      <WhenReady resource={loaded}>{(Connections) => <Connections />}</WhenReady>
    </Page>
  );
}
