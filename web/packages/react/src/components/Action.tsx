"use client";
import { useEffect, useState, type ButtonHTMLAttributes, type ReactNode } from "react";
import Check from "lucide-react/icons/check";
import Copy from "lucide-react/icons/copy";

export interface ActionProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  /** `primary`: paper on ink, one at a time. `secondary`: with a border; unless told. `quiet`: text. */
  variant?: "primary" | "secondary" | "quiet";
  icon?: ReactNode;
}

/** A button of the package. */
export function Action({ variant = "secondary", icon, children, className = "", ...rest }: ActionProps) {
  return (
    <button type="button" {...rest} className={`cm-action cm-action--${variant} ${className}`}>
      {icon}
      <span className="cm-action__word">{children}</span>
    </button>
  );
}

const TELLS_FOR = 1_200;

/** Copies a text; its icon is a tick for a moment. */
export function CopyAction({ text, children }: { text: () => string; children: ReactNode }) {
  const [copied, setCopied] = useState(0);
  useEffect(() => {
    if (copied === 0) return;
    const timer = setTimeout(() => setCopied(0), TELLS_FOR);
    return () => clearTimeout(timer);
  }, [copied]);
  const copy = () => void copyText(text()).then((done) => done && setCopied((times) => times + 1));
  const icon = copied ? <Check size={16} strokeWidth={1.7} aria-hidden /> : <Copy size={16} strokeWidth={1.7} aria-hidden />;
  return (
    <Action variant="quiet" icon={icon} onClick={copy}>
      {children}
      <span className="cm-hidden" role="status">
        {copied ? "Copied" : ""}
      </span>
    </Action>
  );
}

async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Pages over plain HTTP have no clipboard, and a monitor in a home network is such a page.
    const field = document.createElement("textarea");
    field.value = text;
    field.className = "cm-hidden";
    (document.querySelector("dialog[open]") ?? document.body).append(field);
    field.select();
    const done = document.execCommand("copy");
    field.remove();
    return done;
  }
}
