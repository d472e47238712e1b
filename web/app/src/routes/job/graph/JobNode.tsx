import { EdgeLight, NodeTile, StateGlyph, stateWord, useMonitor, wholePercent } from "@comfyui-monitor/react";
import { Handle, Position, type NodeProps } from "@xyflow/react";
import { memo, useSyncExternalStore } from "react";
import { classes } from "../../../classes.js";
import { useCurrent, useIsMarked, useMarks } from "../data/marked.js";
import { usePicture } from "../data/usePicture.js";
import type { Tile } from "./board.js";
import { useGraph, useTile } from "./context.js";
import styles from "./JobNode.module.css";
import { insideWords, secondLine, tilePercent, tileState } from "./tileWords.js";

/** One node of the graph. It listens to its own state, and to nothing else. */
export const JobNode = memo(function JobNode({ id }: NodeProps) {
  const tile = useTile(id);
  const isMarked = useIsMarked(id);
  const isCurrent = useCurrent() === id;
  const marks = useMarks();
  if (!tile) return null;
  const { node, name } = tile;
  const isLit = node.state === "running" && !tile.isStalled;
  return (
    <div
      className={classes(styles.place, isMarked && styles.marked)}
      onPointerEnter={() => marks.mark(id)}
      onPointerLeave={() => marks.mark(undefined)}
      onClick={() => marks.stand(id)}
      title={[name, node.classType, `node ${id}`].filter(Boolean).join(" · ")}
    >
      <Handle type="target" position={Position.Left} className={styles.handle} />
      {isLit ? <Running tile={tile} isCurrent={isCurrent} /> : <Resting tile={tile} isCurrent={isCurrent} />}
      <Handle type="source" position={Position.Right} className={styles.handle} />
    </div>
  );
});

function Resting({ tile, isCurrent }: { tile: Tile; isCurrent: boolean }) {
  const { node, name } = tile;
  const state = tileState(tile);
  return (
    <div className={classes(styles.node, styles.resting, isCurrent && styles.current)} data-state={node.state === "skipped" ? "skipped" : state}>
      <NodeTile kind={node.kind} size={26} />
      <span className={styles.words}>
        <span className={styles.name}>{name}</span>
        <span className={styles.second}>{[secondLine(tile), insideWords(tile)].filter(Boolean).join(", ")}</span>
      </span>
      <span className={styles.glyph}>
        <StateGlyph state={state} size={13} label={stateWord(state)} />
      </span>
    </div>
  );
}

function Running({ tile, isCurrent }: { tile: Tile; isCurrent: boolean }) {
  const { node, name } = tile;
  const percentage = tilePercent(tile);
  const picture = useOwnPicture(node.nodeId);
  return (
    <div className={classes(styles.running, isCurrent && styles.current)} data-state="running">
      <EdgeLight percentage={percentage ?? 0} lit radius={12} width={2.5} gap={0} className={classes(styles.light)}>
        <div className={styles.lit}>
          {picture ? <img className={styles.picture} src={picture} alt="" aria-hidden="true" /> : <NodeTile kind={node.kind} size={44} />}
          <span className={styles.words}>
            <span className={styles.name}>{name}</span>
            {percentage !== undefined && <span className={styles.percent}>{wholePercent(percentage)}%</span>}
            <span className={styles.second}>{secondLine(tile)}</span>
            {tile.inside && <span className={styles.second}>{insideWords(tile)}</span>}
          </span>
        </div>
      </EdgeLight>
    </div>
  );
}

/** The newest preview, where it is of this node or of one inside it. */
function useOwnPicture(nodeId: string): string | undefined {
  const { queueId, isNewest } = useGraph();
  const previews = useMonitor().preview(queueId);
  const preview = useSyncExternalStore(previews.subscribe, previews.getSnapshot);
  const of = preview?.header.nodeId;
  const isOwn = isNewest && (of === nodeId || of?.startsWith(`${nodeId}.`));
  return usePicture(isOwn ? preview : undefined);
}
