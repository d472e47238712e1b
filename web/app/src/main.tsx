import "@comfyui-monitor/react/styles.css";
import "./styles/fonts.css";
import "./styles/page.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./App.js";
import { startTheme } from "./theme/theme.js";

startTheme();
const root = document.getElementById("root");
if (root) createRoot(root).render(<StrictMode><App /></StrictMode>);
