/** A key: `Ctrl K`. */
export function Kbd({ children }: { children: string }) {
  return <kbd>{children}</kbd>;
}
