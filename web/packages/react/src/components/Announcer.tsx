"use client";
import { useEffect, useRef, useState } from "react";
import type { JobState } from "../core/reducer.js";
import { announcement, type Announcement } from "../words/index.js";

/** Tells who cannot see the page: starts of nodes, every quarter, and the end; errors at once. */
export function Announcer({ state }: { state: JobState }) {
  const before = useRef(state);
  const [said, say] = useState<Announcement | undefined>();
  useEffect(() => {
    const news = announcement(before.current, state);
    before.current = state;
    if (news) say(news);
  }, [state]);
  return (
    <>
      <div className="cm-hidden" role="status" aria-live="polite">
        {said && !said.urgent ? said.text : ""}
      </div>
      <div className="cm-hidden" role="alert">
        {said?.urgent ? said.text : ""}
      </div>
    </>
  );
}
