import { StateGlyph, useInstances, useMonitor } from "@comfyui-monitor/react";
import { Plug } from "lucide-react";
import { useState } from "react";
import { useLocation } from "wouter";
import { Button } from "../../controls/Button.js";
import { Empty } from "../../controls/Empty.js";
import { tell } from "../../toasts/toasts.js";
import { emptyWords } from "./emptyWords.js";
import { isNarrowed, UNFILTERED, type Filters } from "./filters.js";

/** Where no job is: why, and what can be done about it. */
export function JobsEmpty({ filters, onFilters }: { filters: Filters; onFilters: (filters: Filters) => void }) {
  const { instances } = useInstances();
  const [, navigate] = useLocation();
  const away = instances.length > 0 && instances.every(({ state }) => state === "disconnected") ? instances[0] : undefined;
  if (!isNarrowed(filters) && away) return <Away {...away} />;
  const { title, text, glyph } = emptyWords(filters);
  const everything = { ...UNFILTERED, since: "all" as const };
  const actions = filters.q.trim() ? (
    <Button onClick={() => onFilters({ ...filters, q: "" })}>Clear the search</Button>
  ) : filters.show === "all" && filters.since !== "all" ? (
    <>
      <Button variant="primary" onClick={() => navigate("/")}>Generate</Button>
      <Button onClick={() => onFilters({ ...filters, since: "all" })}>All time</Button>
    </>
  ) : filters.show === "all" && !filters.instanceId ? (
    <Button variant="primary" onClick={() => navigate("/")}>Generate</Button>
  ) : (
    <Button onClick={() => onFilters(everything)}>All jobs</Button>
  );
  return <Empty icon={glyph && <StateGlyph state={glyph} size={20} />} title={title} actions={actions}>{text}</Empty>;
}

function Away({ instanceId, url, name }: { instanceId: string; url: string; name: string }) {
  const client = useMonitor();
  const [trying, setTrying] = useState(false);
  const tryNow = async () => {
    setTrying(true);
    await client.api.reconnect(instanceId).catch((problem: Error) => tell({ tone: "failed", title: `${name} was not tried`, text: problem.message }));
    setTrying(false);
  };
  return (
    <Empty icon={<Plug />} title={`Waiting for ComfyUI at ${url.replace(/^https?:\/\//, "")}`} actions={<Button disabled={trying} onClick={() => void tryNow()}>Try now</Button>}>
      Nothing answers there yet. Start ComfyUI and this page wakes up by itself. The address is <code>COMFYUI_HOST</code>, <code>COMFYUI_PORT</code>
    </Empty>
  );
}
