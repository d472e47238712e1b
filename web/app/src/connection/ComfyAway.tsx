import { useInstances, useMonitor, type Instance } from "@comfyui-monitor/react";
import { Plug } from "lucide-react";
import { useMemo, type ReactNode } from "react";
import { Button } from "../controls/Button.js";
import { Empty } from "../controls/Empty.js";
import { useNow } from "../time/useNow.js";
import { addresses, allAway, names } from "./away.js";
import { Banner } from "./Banner.js";
import { useConnection } from "./useConnection.js";
import { useReconnect } from "./useReconnect.js";
import { again } from "./words.js";

const ONE_IS_OFF = "It is off, or cannot be reached. Jobs wait for it, and run when it is back.";
const SOME_ARE_OFF = "They are off, or cannot be reached. Jobs wait for them, and run when they are back.";

/** What to say of servers of which none answers, and what can be done about it. */
function useAway(instances: readonly Instance[]): { title: string; text: ReactNode; actions: ReactNode } {
  const { isBehindGateway } = useMonitor();
  const { tryNow, trying } = useReconnect(instances);
  if (isBehindGateway) {
    return { title: `Waiting for ${names(instances)}`, text: instances.length === 1 ? ONE_IS_OFF : SOME_ARE_OFF, actions: undefined };
  }
  return {
    title: `Waiting for ComfyUI at ${addresses(instances)}`,
    text: (
      <>
        Nothing answers there yet. Start ComfyUI and this page wakes up by itself. The address is <code>COMFYUI_HOST</code>, <code>COMFYUI_PORT</code>.
      </>
    ),
    actions: <Button disabled={trying} onClick={tryNow}>{trying ? "Trying" : "Try now"}</Button>,
  };
}

/** In the place of what a route would show, where there is nothing yet. */
export function ComfyAwayEmpty({ instances }: { instances: readonly Instance[] }) {
  const { title, text, actions } = useAway(instances);
  return <Empty icon={<Plug />} title={title} actions={actions}>{text}</Empty>;
}

/** Above every route, as long as no server answers. */
export function ComfyAwayBanner() {
  const { instances } = useInstances();
  const { isOffline } = useConnection();
  const away = useMemo(() => allAway(instances), [instances]);
  return away.length === 0 || isOffline ? null : <Away instances={away} />;
}

function Away({ instances }: { instances: readonly Instance[] }) {
  const { isBehindGateway } = useMonitor();
  const { title, text, actions } = useAway(instances);
  const tries = instances.map(({ nextTryAt }) => Date.parse(nextTryAt ?? "")).filter((at) => !Number.isNaN(at));
  // Of monitors that are off themselves, the next try is one that was never made.
  const aside = tries.length === 0 || isBehindGateway ? undefined : <Again at={Math.min(...tries)} />;
  return <Banner tone="note" icon={<Plug />} title={title} aside={aside} actions={actions}>{text}</Banner>;
}

function Again({ at }: { at: number }) {
  const now = useNow();
  return <>again {again({ state: "waiting", retryAt: at }, now)}</>;
}
