"use client";
import type { ReactNode } from "react";
import type { Suggestion } from "../types/index.js";
import type { Notice } from "../words/index.js";
import { Action } from "./Action.js";
import { StateGlyph } from "./StateGlyph.js";

/** A sentence about a whole job, with what can be done about it. */
export function JobNotice({ notice: { state, title, detail }, children }: { notice: Notice; children?: ReactNode }) {
  return (
    <section className={`cm-notice cm-state--${state}`} aria-label={title}>
      <div className="cm-notice__grid">
        <StateGlyph state={state} size={18} />
        <div className="cm-notice__text">
          <p className="cm-notice__title">{title}</p>
          {detail !== "" && <p className="cm-notice__detail">{detail}</p>}
        </div>
        {children && <div className="cm-notice__actions">{children}</div>}
      </div>
    </section>
  );
}

/** More would be a list to study. */
const MOST = 3;

export interface SuggestionsProps {
  suggestions: readonly Suggestion[];
  /** Does it; one that a person has to do has no button. */
  onTake: (suggestion: Suggestion) => void;
}

/** What is likely to work on a job that has failed, best first. */
export function Suggestions({ suggestions, onTake }: SuggestionsProps) {
  if (suggestions.length === 0) return null;
  return (
    <section className="cm-suggestions" aria-label="What is likely to work">
      <h3 className="cm-suggestions__title">What is likely to work</h3>
      <ol>
        {suggestions.slice(0, MOST).map((suggestion, at) => (
          <li key={at} className="cm-suggestion">
            <div className="cm-suggestion__text">
              <p className="cm-suggestion__name">{suggestion.title}</p>
              <p className="cm-suggestion__detail">{suggestion.detail}</p>
            </div>
            {suggestion.kind !== "edit" && (
              <Action variant={at === 0 ? "primary" : "secondary"} onClick={() => onTake(suggestion)}>
                {suggestion.kind === "instance" ? "Run there" : "Change and run"}
              </Action>
            )}
          </li>
        ))}
      </ol>
    </section>
  );
}
