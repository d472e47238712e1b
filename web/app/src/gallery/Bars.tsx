import { NodeTile, Pulse, StepBar, type StepBarProps } from "@comfyui-monitor/react";
import { useEffect, useState, type ReactNode } from "react";
import { Card } from "./Card.js";
import styles from "./Gallery.module.css";

export function Bars() {
  const step = useSteps();
  return (
    <>
      <Card title="Step bar" wide={4}>
        <div className={styles.bars}>
          <Bar over="15/20 steps" end="75%" label="K-Sampler" value={15} max={20} />
          <Bar over="45/100" end="45%" label="Upscale" value={45} max={100} />
          <Bar over={<>7/20 steps <em>attempt 1 stopped at 12</em></>} end="35%" label="K-Sampler" value={7} max={20} ghost={{ value: 12, attempt: 1 }} />
          <Bar over="Loading Checkpoint Loader" end={<em>no steps told, usually 11 s</em>} label="Checkpoint Loader" elapsedMs={3_800} expectedMs={11_000} />
          <Bar over={`${step}/20 steps, one in 0.7 s`} end="" label="K-Sampler" value={step} max={20} ghost={{ value: 19, attempt: 2 }} />
        </div>
      </Card>
      <Card title="Running at once: one lane a node" wide={4}>
        <div className={styles.bars}>
          {([["sampler", "K-Sampler", 15, 20], ["upscaler", "Upscale Image (tile)", 3, 9], ["audio", "Audio Encoder", 2, 3]] as const).map(([kind, title, value, max]) => (
            <div key={kind} className={styles.row} style={{ flexWrap: "nowrap", marginBottom: 4 }}>
              <Pulse />
              <NodeTile kind={kind} size={26} />
              <div style={{ flex: 1 }}>
                <Bar over={title} end={`${value}/${max}`} label={title} value={value} max={max} height={5} />
              </div>
            </div>
          ))}
        </div>
      </Card>
    </>
  );
}

function Bar({ over, end, ...bar }: { over: ReactNode; end: ReactNode } & StepBarProps) {
  return (
    <div>
      <div className={styles.over}><span>{over}</span><span>{end}</span></div>
      <StepBar {...bar} />
    </div>
  );
}

function useSteps(): number {
  const [step, setStep] = useState(1);
  useEffect(() => {
    const timer = setInterval(() => setStep((before) => (before % 20) + 1), 700);
    return () => clearInterval(timer);
  }, []);
  return step;
}
