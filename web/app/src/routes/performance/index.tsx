import { count, useInstances } from "@comfyui-monitor/react";
import { Gauge } from "lucide-react";
import { useState } from "react";
import { useSearchParams } from "wouter";
import { Button } from "../../controls/Button.js";
import { Choice } from "../../controls/Choice.js";
import { Empty } from "../../controls/Empty.js";
import { Loading } from "../../controls/Loading.js";
import { Page } from "../../frame/Page.js";
import { inFixedOrder } from "../../instances/order.js";
import styles from "./performance.module.css";
import { BY_SHARE, type Column, type Sort } from "./sorting.js";
import { COLUMNS, Table } from "./Table.js";
import { usePerformance } from "./usePerformance.js";

/** `/performance?instance=`: where the time goes, by node class. */
export default function Performance() {
  const [search, setSearch] = useSearchParams();
  const instanceId = search.get("instance") ?? "";
  const { items, problem, isNotOffered, reload } = usePerformance(instanceId || undefined);
  const [sort, setSort] = useState<Sort>(BY_SHARE);
  const choose = (id: string) => setSearch(id ? { instance: id } : {}, { replace: true });
  return (
    <Page title="Performance">
      <div className={styles.filters}>
        <p>{items && items.length > 0 && <Counts classes={items.length} runs={items.reduce((sum, { runs }) => sum + runs, 0)} />}</p>
        <SortChoice sort={sort} onSort={setSort} />
        <InstanceChoice value={instanceId} onChange={choose} />
      </div>
      {items === undefined ? (
        isNotOffered ? <NotKept /> : problem === undefined ? <Loading /> : <NotRead problem={problem} reload={reload} />
      ) : items.length === 0 ? (
        <Empty icon={<Gauge />} title="Nothing has run yet">What the nodes of finished jobs took is told here, class by class</Empty>
      ) : (
        <Table items={items} sort={sort} onSort={setSort} />
      )}
    </Page>
  );
}

function Counts({ classes, runs }: { classes: number; runs: number }) {
  return (
    <>
      <b>{count(classes)}</b> {classes === 1 ? "node class" : "node classes"}, <b>{count(runs)}</b> {runs === 1 ? "run" : "runs"}
    </>
  );
}

/** In the place of the column heads, where there is no room for them. */
function SortChoice({ sort, onSort }: { sort: Sort; onSort: (sort: Sort) => void }) {
  const choices = COLUMNS.map(({ by, label }) => ({ value: by, label }));
  return (
    <div className={styles.sort}>
      <Choice
        label="Sort by"
        value={sort.by}
        choices={choices}
        onChange={(by) => onSort({ by: by as Column, descending: by !== "title" && by !== "classType" })}
      />
    </div>
  );
}

function InstanceChoice({ value, onChange }: { value: string; onChange: (instanceId: string) => void }) {
  const { instances } = useInstances();
  if (instances.length < 2 && value === "") return null;
  const choices = inFixedOrder(instances).map(({ instanceId, name }) => ({ value: instanceId, label: name }));
  return (
    <div className={styles.instance}>
      <Choice label="Instance" value={value} choices={[{ value: "", label: "Any instance" }, ...choices]} onChange={onChange} />
    </div>
  );
}

function NotKept() {
  return <Empty icon={<Gauge />} title="No figures here">This deployment does not count what node classes cost. What a job took is told at the job</Empty>;
}

function NotRead({ problem, reload }: { problem: string; reload: () => void }) {
  return <Empty icon={<Gauge />} title="The figures could not be read" actions={<Button onClick={reload}>Try again</Button>}>{problem}</Empty>;
}
