// The operators' page begins.

import { render } from "preact";
import { App } from "./shell/app.tsx";
import { applyTheme, chosenTheme } from "./shell/theme.ts";

applyTheme(chosenTheme());
const root = document.getElementById("page");
if (root !== null) render(<App />, root);
