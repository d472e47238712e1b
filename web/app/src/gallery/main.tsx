/** Every component and state on one page, to look at (`npm run dev`, /gallery.html). Not part of the build. */
import "@comfyui-monitor/react/styles.css";
import "../styles/fonts.css";
import "../styles/page.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { startTheme } from "../theme/theme.js";
import { Gallery } from "./Gallery.js";

startTheme();
const root = document.getElementById("root");
if (root) createRoot(root).render(<StrictMode><Gallery /></StrictMode>);
