import { useMonitor } from "@comfyui-monitor/react";
import { Copy, Download, FileJson2, PenLine } from "lucide-react";
import { useEffect, useId, useRef, useState, type KeyboardEvent, type ReactNode } from "react";
import { useLocation } from "wouter";
import { Button } from "../../controls/Button.js";
import { copy } from "../../controls/clipboard.js";
import { placedUnder } from "../../controls/place.js";
import { tell } from "../../toasts/toasts.js";
import { fileNameOf } from "./data/fileName.js";
import styles from "./WorkflowMenu.module.css";

export interface WorkflowMenuProps {
  promptId: string;
  title: string;
}

/** The graph as it was sent: as a file, as text, or in the form. */
export function WorkflowMenu({ promptId, title }: WorkflowMenuProps) {
  const client = useMonitor();
  const [, navigate] = useLocation();
  const [isOpen, setOpen] = useState(false);
  const button = useRef<HTMLSpanElement>(null);
  const id = useId();
  const read = async (then: (text: string) => unknown) => {
    try {
      await then(await client.api.jobWorkflowText(promptId));
    } catch (problem) {
      tell({ tone: "failed", title: "The workflow could not be read", text: (problem as Error).message });
    }
  };
  const download = () => read((text) => save(text, fileNameOf(title)));
  const take = () => read(async (text) => {
    if (!(await copy(text))) tell({ tone: "failed", title: "Nothing was copied", text: "This browser does not let the page copy" });
    else tell({ tone: "note", title: "Workflow copied", text: "In ComfyUI, paste it as a file in API format" });
  });
  const close = (refocus: boolean) => {
    setOpen(false);
    if (refocus) button.current?.querySelector("button")?.focus();
  };
  return (
    <span ref={button}>
      <Button variant="quiet" icon={<FileJson2 />} aria-haspopup="menu" aria-expanded={isOpen} aria-controls={isOpen ? id : undefined} onClick={() => setOpen((is) => !is)}>
        Workflow
      </Button>
      {isOpen && button.current && (
        <Menu id={id} anchor={button.current} onClose={close}>
          <Item icon={<Download />} onChoose={() => void download()}>Download</Item>
          <Item icon={<Copy />} onChoose={() => void take()}>Copy</Item>
          <Item icon={<PenLine />} onChoose={() => navigate(`/?from=${encodeURIComponent(promptId)}`)}>Use these inputs</Item>
        </Menu>
      )}
    </span>
  );
}

function Item({ icon, onChoose, children }: { icon: ReactNode; onChoose: () => void; children: ReactNode }) {
  return <button type="button" role="menuitem" tabIndex={-1} className={styles.item} onClick={onChoose}>{icon}{children}</button>;
}

function Menu({ id, anchor, onClose, children }: { id: string; anchor: HTMLElement; onClose: (refocus: boolean) => void; children: ReactNode }) {
  const menu = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = menu.current;
    if (!element) return;
    element.showPopover?.();
    Object.assign(element.style, placedUnder(anchor.getBoundingClientRect(), innerWidth, innerHeight));
    element.querySelector("button")?.focus();
    const away = ({ target }: Event) => {
      if (target instanceof Node && !element.contains(target) && !anchor.contains(target)) onClose(false);
    };
    document.addEventListener("pointerdown", away, true);
    return () => document.removeEventListener("pointerdown", away, true);
    // Placed once, where its button was.
  }, []);
  const onKeyDown = (event: KeyboardEvent<HTMLDivElement>) => {
    const items = [...event.currentTarget.querySelectorAll("button")];
    const at = items.indexOf(document.activeElement as HTMLButtonElement);
    const to = { ArrowDown: (at + 1) % items.length, ArrowUp: (at - 1 + items.length) % items.length, Home: 0, End: items.length - 1 }[event.key];
    if (to !== undefined) items[to]?.focus();
    else if (event.key === "Escape") onClose(true);
    else if (event.key === "Tab") return onClose(true);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div ref={menu} id={id} role="menu" popover="manual" aria-label="Workflow" className={styles.menu} onKeyDown={onKeyDown} onClick={() => onClose(true)}>
      {children}
    </div>
  );
}

function save(text: string, name: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  const link = Object.assign(document.createElement("a"), { href: url, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
