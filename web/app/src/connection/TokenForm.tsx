import { useMonitor } from "@comfyui-monitor/react";
import { KeyRound } from "lucide-react";
import { useId, useState, type FormEvent } from "react";
import { Button } from "../controls/Button.js";
import { Banner } from "./Banner.js";
import { keepToken, readToken, token } from "./token.js";
import styles from "./TokenForm.module.css";

const AT_START = <>It is in the file that the monitor was started with (<code>--token-file</code>), and is kept until this tab is closed.</>;
const AT_DEPLOYMENT = "The deployment told it when it was made. It is kept until this tab is closed.";

/** Asks for the token that the monitor wants, and connects with it. */
export function TokenForm() {
  const client = useMonitor();
  const [value, setValue] = useState("");
  const [problem, setProblem] = useState<string | undefined>();
  const id = useId();
  const wasWrong = token() !== undefined;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const read = readToken(value);
    if ("problem" in read) return setProblem(read.problem);
    if (!read.token) return;
    keepToken(read.token);
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
            aria-invalid={problem !== undefined}
            onChange={(event) => {
              setValue(event.target.value);
              setProblem(undefined);
            }}
          />
          <Button type="submit" variant="primary" disabled={!value.trim()}>Connect</Button>
        </form>
      }
    >
      {problem ?? (client.isBehindGateway ? AT_DEPLOYMENT : AT_START)}
    </Banner>
  );
}
