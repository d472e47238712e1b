import { useMonitor, type Generation } from "@comfyui-monitor/react";
import { PenLine, Repeat2, Scaling, Server } from "lucide-react";
import { useLocation } from "wouter";
import { Button } from "../../controls/Button.js";
import { useJobActions } from "../actions.js";
import card from "./Card.module.css";
import styles from "./Suggestions.module.css";
import { offersOf, type Offer } from "./offers.js";

const ICONS = { instance: <Server />, overrides: <Scaling />, edit: <PenLine />, again: <Repeat2 /> };

/** What can really be done about it, best first and alone in paper white. */
export function Suggestions({ generation }: { generation: Generation }) {
  const { isBehindGateway } = useMonitor();
  const { runAgain } = useJobActions();
  const [, navigate] = useLocation();
  // Whoever would know of some is beside the server, and is not asked.
  const offers = offersOf(generation.suggestions ?? [], !isBehindGateway);
  const take = ({ kind, instanceId, overrides }: Offer) => {
    if (kind === "edit") return navigate(`/?from=${encodeURIComponent(generation.promptId)}`);
    runAgain([generation], { ...(instanceId !== undefined && { instanceId }), ...(overrides && { overrides }) });
  };
  return (
    <section className={card.card} aria-labelledby="likely">
      <h3 id="likely" className={card.title}>What is likely to work</h3>
      <ul className={styles.list}>
        {offers.map((offer, at) => (
          <li key={`${offer.kind} ${offer.title} ${offer.instanceId ?? ""}`} className={styles.offer} data-best={at === 0 || undefined}>
            <span className={styles.icon} aria-hidden="true">{ICONS[offer.kind]}</span>
            <span className={styles.words}>
              <span className={styles.name}>{offer.title}</span>
              <span className={styles.detail}>{offer.detail}</span>
            </span>
            <Button variant={at === 0 ? "primary" : "secondary"} onClick={() => take(offer)}>{offer.verb}</Button>
          </li>
        ))}
      </ul>
    </section>
  );
}

