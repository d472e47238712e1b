import { FileDown } from "lucide-react";
import { useEffect, useState } from "react";
import { useLocation } from "wouter";
import { tell } from "../toasts/toasts.js";
import styles from "./Drop.module.css";
import { leave } from "./dropped.js";
import { firstOf, jsonFile } from "./files.js";

/** The whole page takes files, dropped or pasted; Generate reads them. */
export function Drop() {
  const [, navigate] = useLocation();
  const [isOver, setOver] = useState(false);
  useEffect(() => {
    const take = (file: File) => {
      leave(file);
      navigate("/");
    };
    // `dragleave` comes for every element that is left; only the window's own has no other it goes to.
    const over = (event: DragEvent) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      // A field that takes it itself.
      if (event.defaultPrevented) return setOver(false);
      event.preventDefault();
      event.dataTransfer.dropEffect = "copy";
      setOver(true);
    };
    const left = ({ relatedTarget }: DragEvent) => relatedTarget === null && setOver(false);
    const drop = (event: DragEvent) => {
      setOver(false);
      if (event.defaultPrevented || !event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      const file = firstOf(event.dataTransfer.files);
      if (file) take(file);
      else tell({ tone: "note", title: "This file carries no workflow", text: "JSON, PNG and WEBP files can" });
    };
    const paste = ({ clipboardData, target }: ClipboardEvent) => {
      if (target instanceof Element && target.closest("input,textarea,[contenteditable]")) return;
      const file = firstOf(clipboardData?.files ?? []) ?? jsonFile(clipboardData?.getData("text") ?? "");
      if (file) take(file);
    };
    addEventListener("dragover", over);
    addEventListener("dragleave", left);
    addEventListener("drop", drop);
    addEventListener("paste", paste);
    return () => {
      removeEventListener("dragover", over);
      removeEventListener("dragleave", left);
      removeEventListener("drop", drop);
      removeEventListener("paste", paste);
    };
  }, [navigate]);
  if (!isOver) return null;
  return (
    <div className={styles.drop}>
      <p className={styles.words}><FileDown aria-hidden="true" />Drop to read the workflow</p>
    </div>
  );
}
