// What stands around every page: where one can go, who is logged in, light or dark.

import { useEffect, useState } from "preact/hooks";
import { Page } from "../parts/page.tsx";
import { Empty } from "../parts/states.tsx";
import { mayUse, useCaller } from "./caller.ts";
import { Mark } from "./mark.tsx";
import { sections } from "./pages.tsx";
import { linkTo, type Place, usePlace } from "./place.ts";
import { chooseTheme, chosenTheme, type Theme } from "./theme.ts";

export function Frame({ onLogOut }: { readonly onLogOut: () => void }) {
  const place = usePlace();
  const [isMenuOpen, setMenuOpen] = useState(false);
  // It has done what it was opened for.
  useEffect(() => setMenuOpen(false), [place]);
  return (
    <div class="frame">
      <header class="bar">
        <a class="brand" href="#/">
          <Mark /> DurableMQ
        </a>
        <button
          type="button"
          class="button menu-button"
          aria-expanded={isMenuOpen}
          aria-controls="menu"
          onClick={() => setMenuOpen(!isMenuOpen)}
        >
          Menu
        </button>
      </header>
      <div id="menu" class={`menu ${isMenuOpen ? "menu-open" : ""}`}>
        <Navigation place={place} />
        <Foot onLogOut={onLogOut} />
      </div>
      <main id="main">{pageAt(place)}</main>
    </div>
  );
}

function Navigation({ place }: { readonly place: Place }) {
  const caller = useCaller();
  const current = place.path[0] ?? sections[0]?.pages[0]?.path;
  return (
    <nav aria-label="Pages">
      {sections.map(({ title, pages }) => {
        const allowed = pages.filter(({ scope }) => mayUse(caller, scope));
        if (allowed.length === 0) return null;
        return (
          <div key={title} class="nav-group">
            <h2>{title}</h2>
            <ul>
              {allowed.map((page) => (
                <li key={page.path}>
                  <a href={linkTo(page.path)} aria-current={page.path === current ? "page" : undefined}>
                    {page.title}
                  </a>
                </li>
              ))}
            </ul>
          </div>
        );
      })}
    </nav>
  );
}

const themes: readonly Theme[] = ["system", "light", "dark"];

function Foot({ onLogOut }: { readonly onLogOut: () => void }) {
  const { name } = useCaller();
  const [theme, setTheme] = useState(chosenTheme);
  const choose = (next: Theme) => {
    chooseTheme(next);
    setTheme(next);
  };
  return (
    <footer class="foot">
      <label class="theme">
        <span>Theme</span>
        <select value={theme} onChange={(event) => choose(event.currentTarget.value as Theme)}>
          {themes.map((each) => (
            <option key={each} value={each} selected={each === theme}>
              {each}
            </option>
          ))}
        </select>
      </label>
      <p class="who" title={name}>
        {name}
      </p>
      <button type="button" class="button" onClick={onLogOut}>
        Log out
      </button>
    </footer>
  );
}

function pageAt(place: Place) {
  const [first = sections[0]?.pages[0]?.path, ...rest] = place.path;
  const page = sections.flatMap(({ pages }) => pages).find(({ path }) => path === first);
  const shown = page?.show(rest, place.query);
  if (shown !== undefined) return shown;
  return (
    <Page title="Not here">
      <Empty title="There is no such page.">
        <a href="#/">To the overview</a>
      </Empty>
    </Page>
  );
}
