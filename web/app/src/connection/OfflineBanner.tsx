import { clock, useMonitor } from "@comfyui-monitor/react";
import { ShieldX, WifiOff } from "lucide-react";
import { Button } from "../controls/Button.js";
import { useNow } from "../time/useNow.js";
import { Banner } from "./Banner.js";
import { TokenForm } from "./TokenForm.js";
import { useConnection } from "./useConnection.js";
import { again } from "./words.js";

/** Above every route while the page is cut off: since when, and what can be done. */
export function OfflineBanner() {
  const client = useMonitor();
  const { connection, lostAt, isOffline } = useConnection();
  if (!isOffline) return null;
  if (connection.state === "locked") return <TokenForm />;
  const tryNow = <Button onClick={() => client.reconnect()}>Try now</Button>;
  if (connection.state === "refused") {
    return (
      <Banner tone="refused" icon={<ShieldX />} title="The monitor does not let this page in" actions={tryNow}>
        It answers, and refuses the live connection. Pages of other addresses have to be allowed in its configuration.
      </Banner>
    );
  }
  return (
    <Banner tone="offline" icon={<WifiOff />} title="No connection to the monitor" aside={<Again />} actions={tryNow}>
      {lostAt === undefined ? "Nothing has been heard from it yet. " : <>What you see is as of <AsOf at={lostAt} />. </>}
      Jobs go on without this page.
    </Banner>
  );
}

function AsOf({ at }: { at: number }) {
  return <time dateTime={new Date(at).toISOString()} title={new Date(at).toISOString()}>{clock(at, Date.now())}</time>;
}

function Again() {
  const now = useNow();
  const { connection } = useConnection();
  return connection.state === "waiting" ? <>again {again(connection, now)}</> : <>trying now</>;
}
