import { Problem, useInstances, useMonitor } from "@comfyui-monitor/react";
import { ImageUp } from "lucide-react";
import { useEffect, useRef, useState, type DragEvent } from "react";
import { classes } from "../../../../classes.js";
import { IconButton } from "../../../../controls/Button.js";
import type { ControlProps } from "./props.js";
import { form, uploaded } from "../form.js";
import { keyOf } from "../values.js";
import { ChoiceField } from "./ChoiceField.js";
import styles from "./fields.module.css";

/** An input image: one the server has, or one that is chosen or dropped here and goes there at once. */
export function ImageField(props: ControlProps) {
  const { input, draft, label } = props;
  const client = useMonitor();
  const { instances } = useInstances();
  const chooser = useRef<HTMLInputElement>(null);
  const [sent, setSent] = useState<{ name: string; url: string; where: string } | undefined>();
  const [says, setSays] = useState<{ problem?: string; sending?: string }>({});
  const [isOver, setOver] = useState(false);
  useEffect(() => () => void (sent && URL.revokeObjectURL(sent.url)), [sent]);

  const upload = async (file: File | undefined) => {
    if (!file) return;
    const { instanceId, loaded } = form.get();
    const to = instanceId ?? loaded?.instanceId ?? instances[0]?.instanceId;
    if (to === undefined) return setSays({ problem: "There is no server to send it to" });
    setSays({ sending: file.name });
    try {
      const { name } = await client.api.upload(to, file);
      uploaded(keyOf(input), name, to);
      setSent({ name, url: URL.createObjectURL(file), where: instances.find((one) => one.instanceId === to)?.name ?? to });
      setSays({});
    } catch (problem) {
      setSays({ problem: refusal(file.name, problem as Error) });
    }
  };
  const drag = (event: DragEvent) => {
    if (!event.dataTransfer.types.includes("Files")) return;
    // The page leaves alone what was taken here.
    event.preventDefault();
    setOver(event.type === "dragover");
    if (event.type === "drop") void upload(event.dataTransfer.files[0]);
  };
  const isShown = sent?.name === draft;
  return (
    <div className={classes(styles.image, isOver && styles.over)} onDragOver={drag} onDrop={drag} onDragLeave={() => setOver(false)}>
      <ChoiceField {...props} />
      <IconButton
        label={`Upload an image: ${label}`}
        bordered
        icon={<ImageUp size={16} strokeWidth={1.7} aria-hidden="true" />}
        onClick={() => chooser.current?.click()}
      />
      <input
        ref={chooser}
        type="file"
        accept="image/*"
        hidden
        onChange={(event) => {
          void upload(event.target.files?.[0]);
          event.target.value = "";
        }}
      />
      {isShown && <img className={styles.thumbnail} src={sent.url} alt="" />}
      {isShown && instances.length > 1 && <p className={styles.note}>It is on {sent.where}, so the job goes there</p>}
      {says.sending && <p className={styles.note} role="status">Sending {says.sending}</p>}
      {says.problem && <p className={styles.problem} role="alert">{says.problem}</p>}
    </div>
  );
}

function refusal(file: string, problem: Error): string {
  if (problem instanceof Problem && problem.isNotOffered) return "This deployment takes no uploads: choose an image that the server has";
  return `${file} was not taken: ${problem.message}`;
}
