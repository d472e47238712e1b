import { StateGlyph, useInstances, useMonitor } from "@comfyui-monitor/react";
import { useLocation } from "wouter";
import { allAway } from "../../connection/away.js";
import { ComfyAwayEmpty } from "../../connection/ComfyAway.js";
import { Button } from "../../controls/Button.js";
import { Empty } from "../../controls/Empty.js";
import { emptyWords } from "./emptyWords.js";
import { isNarrowed, UNFILTERED, type Filters } from "./filters.js";

/** Where no job is: why, and what can be done about it. */
export function JobsEmpty({ filters, onFilters }: { filters: Filters; onFilters: (filters: Filters) => void }) {
  const { isBehindGateway } = useMonitor();
  const { instances } = useInstances();
  const [, navigate] = useLocation();
  const away = allAway(instances);
  // Behind a gateway that is how it is most of the time, and jobs are made all the same.
  if (!isNarrowed(filters) && away.length > 0 && !isBehindGateway) return <ComfyAwayEmpty instances={away} />;
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
