import { useInstances, useLiveJobs, useMonitor } from "@comfyui-monitor/react";
import { Unplug } from "lucide-react";
import { useParams } from "wouter";
import { useLocationProperty } from "wouter/use-browser-location";
import { ComfyAwayEmpty } from "../../connection/ComfyAway.js";
import { Empty } from "../../controls/Empty.js";
import { Loading } from "../../controls/Loading.js";
import { Page } from "../../frame/Page.js";
import { inFixedOrder, meantBy } from "../../instances/order.js";
import { Card } from "./Card.js";
import { neverHeard } from "./connection.js";
import { FleetBar } from "./FleetBar.js";
import { takesNext } from "./fleet.js";
import styles from "./instances.module.css";
import { queueScale } from "./queue.js";

/** `/instances`, `/instances/{id}`, `/instances#{id or name}`: every ComfyUI server under watch. */
export default function Instances() {
  const { isBehindGateway } = useMonitor();
  const { instances: unordered, known } = useInstances();
  const { jobs } = useLiveJobs();
  const { instanceId } = useParams<{ instanceId?: string }>();
  const hash = useLocationProperty(() => location.hash.slice(1));
  const instances = inFixedOrder(unordered);
  const meant = meantBy(instanceId ?? hash, instances)?.instanceId;
  const next = takesNext(instances, jobs);
  const scaleMs = queueScale(instances);
  const [only] = instances;

  if (!known) return <Page title="Instances"><Loading><Shapes /></Loading></Page>;
  if (!only) {
    return (
      <Page title="Instances">
        <Empty icon={<Unplug />} title="No instances">
          {isBehindGateway ? "None has been heard of yet: start a monitor beside ComfyUI, and it shows up here" : "The monitor watches none: name one in its configuration"}
        </Empty>
      </Page>
    );
  }
  if (instances.length === 1 && neverHeard(only)) return <Page title="Instances"><ComfyAwayEmpty instances={instances} /></Page>;
  return (
    <Page title="Instances" actions={<FleetBar instances={instances} jobs={jobs} />}>
      <ul className={styles.cards}>
        {instances.map((instance) => (
          <li key={instance.instanceId}>
            <Card
              instance={instance}
              jobs={jobs}
              scaleMs={scaleMs}
              takesNext={next === instance.instanceId}
              meant={meant === instance.instanceId}
            />
          </li>
        ))}
      </ul>
    </Page>
  );
}

function Shapes() {
  return (
    <div className={styles.cards}>
      {[1, 2, 3].map((card) => <div key={card} className={styles.shape} />)}
    </div>
  );
}
