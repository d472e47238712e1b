"use client";
import { createContext, createElement, useContext, type ReactNode } from "react";
import { MonitorClient } from "../core/client.js";

const Context = createContext<MonitorClient | undefined>(undefined);
let shared: MonitorClient | undefined;

/** Hands a client to the hooks below. Without one they use a client of the page's own origin. */
export function MonitorProvider({ client, children }: { client: MonitorClient; children?: ReactNode }) {
  return createElement(Context.Provider, { value: client }, children);
}

/** The client of the nearest {@link MonitorProvider}, or that of the page's own origin. */
export function useMonitor(): MonitorClient {
  return useContext(Context) ?? (shared ??= new MonitorClient());
}
