import { Bell, BellRing } from "lucide-react";
import { Button, IconButton } from "../controls/Button.js";
import { useWanted } from "./wanted.js";

export interface NotifyProps {
  /** Of this job's end; without it, of every job's. */
  queueId?: string | undefined;
  /** Instead of "Tell me when done". */
  label?: string;
}

/** A bell: whether this tab tells of the end. */
export function NotifyBell({ queueId, label, bordered = false }: NotifyProps & { bordered?: boolean }) {
  const { on, toggle } = useWanted(queueId);
  const off = label ?? (queueId ? "Tell me when done" : "Tell me when any job is done");
  return <IconButton label={off} aria-pressed={on} bordered={bordered} icon={on ? <BellRing /> : <Bell />} onClick={toggle} />;
}

/** The same in words: "Tell me when done". */
export function NotifyButton({ queueId, label = "Tell me when done" }: NotifyProps) {
  const { on, toggle } = useWanted(queueId);
  return (
    <Button variant="quiet" icon={on ? <BellRing aria-hidden="true" /> : <Bell aria-hidden="true" />} onClick={toggle}>
      {on ? "You will be told" : label}
    </Button>
  );
}
