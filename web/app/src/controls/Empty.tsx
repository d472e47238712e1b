import type { ReactNode } from "react";

export interface EmptyProps {
  icon?: ReactNode;
  title: string;
  children?: ReactNode;
  actions?: ReactNode;
}

/** What stands where nothing is, and what can be done about it. */
export function Empty({ icon, title, children, actions }: EmptyProps) {
  return <div>{icon}<h2>{title}</h2><p>{children}</p>{actions}</div>;
}
