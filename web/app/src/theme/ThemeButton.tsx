import { Moon, Sun } from "lucide-react";
import { IconButton } from "../controls/Button.js";
import { switchTheme, useTheme } from "./theme.js";

export function ThemeButton() {
  const theme = useTheme();
  return theme === "dark" ? (
    <IconButton label="Switch to Lightbox, the light theme" icon={<Sun />} onClick={switchTheme} />
  ) : (
    <IconButton label="Switch to Darkroom, the dark theme" icon={<Moon />} onClick={switchTheme} />
  );
}
