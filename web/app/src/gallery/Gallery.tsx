import { Logo } from "@comfyui-monitor/react";
import { ThemeButton } from "../theme/ThemeButton.js";
import { useTheme } from "../theme/theme.js";
import { Bars } from "./Bars.js";
import { Colours } from "./Colours.js";
import styles from "./Gallery.module.css";
import { Kinds } from "./Kinds.js";
import { Controls } from "./Controls.js";
import { Lights } from "./Lights.js";
import { Logos } from "./Logos.js";
import { States } from "./States.js";
import { Strips } from "./Strips.js";
import { Words } from "./Words.js";

export function Gallery() {
  const dark = useTheme() === "dark";
  return (
    <main className={styles.page}>
      <header className={styles.header}>
        <Logo size={30} percentage={66} />
        <h1>Components, {dark ? "Darkroom" : "Lightbox"}</h1>
        <p>Amber means it is happening now. Nothing else is amber.</p>
        <ThemeButton />
      </header>
      <States />
      <Kinds />
      <Bars />
      <Strips />
      <Words />
      <Lights />
      <Logos />
      <Controls />
      <Colours />
    </main>
  );
}
