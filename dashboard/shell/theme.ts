// Light or dark: as the device says, unless the operator has said otherwise.

export type Theme = "system" | "light" | "dark";

const item = "durablemq.theme";

export function chosenTheme(): Theme {
  const kept = localStorage.getItem(item);
  return kept === "light" || kept === "dark" ? kept : "system";
}

export function chooseTheme(theme: Theme): void {
  localStorage.setItem(item, theme);
  applyTheme(theme);
}

export function applyTheme(theme: Theme): void {
  if (theme === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = theme;
}
