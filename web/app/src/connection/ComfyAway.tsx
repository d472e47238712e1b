import { useInstances, useMonitor } from "@comfyui-monitor/react";
import { Plug } from "lucide-react";
import { useMemo, type ReactNode } from "react";
import { Button } from "../controls/Button.js";
import { Empty } from "../controls/Empty.js";
import { useNow } from "../time/useNow.js";
import { tell } from "../toasts/toasts.js";
import { addresses, allAway } from "./away.js";
import { Banner } from "./Banner.js";
import { useConnection } from "./useConnection.js";
import { again } from "./words.js";

/** Whether no ComfyUI server answers, and what to say about it. */
export function useComfyAway(): { title: string; text: ReactNode; retryAt: number | undefined; tryNow: () => void } | undefined {
  const client = useMonitor();
  const { instances } = useInstances();
  const away = useMemo(() => allAway(instances), [instances]);
  if (away.length === 0) return undefined;
  const tries = away.map(({ nextTryAt }) => (nextTryAt === undefined ? NaN : Date.parse(nextTryAt))).filter((at) => !Number.isNaN(at));
  return {
    title: `Waiting for ComfyUI at ${addresses(away)}`,
    text: (
      <>
        Nothing answers there yet. Start ComfyUI and this page wakes up by itself. The address is <code>COMFYUI_HOST</code>, <code>COMFYUI_PORT</code>.
      </>
    ),
    retryAt: tries.length > 0 ? Math.min(...tries) : undefined,
    tryNow: () => {
      for (const { instanceId } of away) {
        client.api.reconnect(instanceId).catch((problem: Error) => tell({ tone: "failed", title: "The monitor did not try", text: problem.message }));
      }
    },
  };
}

/** In the place of what a route would show, where there is nothing yet. */
export function ComfyAwayEmpty() {
  const away = useComfyAway();
  if (!away) return null;
  return <Empty icon={<Plug />} title={away.title} actions={<Button onClick={away.tryNow}>Try now</Button>}>{away.text}</Empty>;
}

/** Above every route, as long as no server answers. */
export function ComfyAwayBanner() {
  const away = useComfyAway();
  const { isOffline } = useConnection();
  if (!away || isOffline) return null;
  return (
    <Banner
      tone="note"
      icon={<Plug />}
      title={away.title}
      aside={away.retryAt === undefined ? undefined : <Again at={away.retryAt} />}
      actions={<Button onClick={away.tryNow}>Try now</Button>}
    >
      {away.text}
    </Banner>
  );
}

function Again({ at }: { at: number }) {
  const now = useNow();
  return <>again {again({ state: "waiting", retryAt: at }, now)}</>;
}
