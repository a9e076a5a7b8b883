import { useEffect, useState } from "preact/hooks";

type Theme = "auto" | "light" | "dark";

const themes: Theme[] = ["auto", "light", "dark"];
const key = "nodemesh-theme";

export const nextTheme = (theme: Theme): Theme => themes[(themes.indexOf(theme) + 1) % themes.length]!;

function kept(): Theme {
  try {
    const theme = localStorage.getItem(key) as Theme;
    return themes.includes(theme) ? theme : "auto";
  } catch {
    return "auto"; // storage may be switched off
  }
}

export function useTheme(): [Theme, (theme: Theme) => void] {
  const [theme, setTheme] = useState<Theme>(kept);
  useEffect(() => {
    document.documentElement.dataset.theme = theme;
    try {
      localStorage.setItem(key, theme);
    } catch {
      // Then it lasts as long as the page does.
    }
  }, [theme]);
  return [theme, setTheme];
}
