import type { ReactNode } from "react";

/** Navigation, what is live now, the connection; and inside it the route. */
export function Frame({ children }: { children: ReactNode }) {
  return <>{children}</>;
}
