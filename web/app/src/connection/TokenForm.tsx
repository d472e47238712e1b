import { useMonitor } from "@comfyui-monitor/react";
import { KeyRound } from "lucide-react";
import { useId, useState, type FormEvent } from "react";
import { Button } from "../controls/Button.js";
import { Banner } from "./Banner.js";
import { keepToken, token } from "./token.js";
import styles from "./TokenForm.module.css";

/** Asks for the token that the monitor wants, and connects with it. */
export function TokenForm() {
  const client = useMonitor();
  const [value, setValue] = useState("");
  const id = useId();
  const wasWrong = token() !== undefined;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const trimmed = value.trim();
    if (!trimmed) return;
    keepToken(trimmed);
    client.reconnect();
  };
  return (
    <Banner
      tone="note"
      icon={<KeyRound />}
      title={wasWrong ? "This token is not, or no longer, accepted" : "This monitor wants a token"}
      actions={
        <form onSubmit={submit} className={styles.form}>
          <label className="visually-hidden" htmlFor={id}>Token</label>
          <input
            id={id}
            type="password"
            autoComplete="current-password"
            placeholder="Token"
            className={styles.field}
            value={value}
            onChange={(event) => setValue(event.target.value)}
          />
          <Button type="submit" variant="primary" disabled={!value.trim()}>Connect</Button>
        </form>
      }
    >
      It is in the file that the monitor was started with (<code>--token-file</code>), and is kept until this tab is closed.
    </Banner>
  );
}
