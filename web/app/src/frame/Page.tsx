import type { ReactNode } from "react";

export interface PageProps {
  /** The document's title and the heading of the top bar. */
  title: string;
  /** Instead of the heading: "Jobs > Lighthouse at dusk". */
  crumbs?: ReactNode;
  /** At the right of the top bar. */
  actions?: ReactNode;
  children: ReactNode;
}

/** One route: its top bar and what is under it. */
export function Page({ children }: PageProps) {
  return <>{children}</>;
}
