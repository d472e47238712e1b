import { Gauge, Image, Rows3, Server } from "lucide-react";
import type { ReactNode } from "react";

/** A route of the navigation. */
export interface NavRoute {
  path: string;
  title: string;
  /** After `g`. */
  key: string;
  icon: ReactNode;
  /** Whether a phone has room for it in its tab bar. */
  onPhone: boolean;
}

export const ROUTES: readonly NavRoute[] = [
  { path: "/", title: "Generate", key: "g", icon: <Image />, onPhone: true },
  { path: "/jobs", title: "Jobs", key: "j", icon: <Rows3 />, onPhone: true },
  { path: "/instances", title: "Instances", key: "i", icon: <Server />, onPhone: true },
  { path: "/performance", title: "Performance", key: "p", icon: <Gauge />, onPhone: false },
];

/** Whether the page at `location` belongs to a route: a job is under Jobs. */
export function isAt(path: string, location: string): boolean {
  return path === "/" ? location === "/" : location === path || location.startsWith(`${path}/`);
}
