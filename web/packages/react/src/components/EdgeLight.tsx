"use client";
import { memo, type CSSProperties, type ReactNode } from "react";
import { useGlide } from "../hooks/useGlide.js";

export interface EdgeLightProps {
  /** 0 to 100; fills clockwise from top centre. */
  percentage: number;
  /** Whether it is being made: when not, the light fades. */
  lit: boolean;
  /** Outer corner radius in pixels. */
  radius?: number;
  /** Of the line, in pixels: 2.5 unless told, 2 below 200 px. */
  width?: number;
  /** Between the line and what it surrounds, in pixels. */
  gap?: number;
  /** Width by height of what it surrounds: 1 unless told. */
  aspect?: number;
  className?: string;
  children?: ReactNode;
}

/** A line of light along the border of what is being made. */
export const EdgeLight = memo(function EdgeLight(props: EdgeLightProps) {
  const { percentage, lit, radius = 16, width = 2.5, gap = 4, aspect = 1, className, children } = props;
  const glides = useGlide(percentage);
  const style = {
    "--cm-edge-radius": `${radius}px`,
    "--cm-edge-width": `${width}px`,
    "--cm-edge-gap": `${gap}px`,
    "--cm-edge": `${edgeAngle(percentage, aspect)}deg`,
    "--cm-glide": `${glides}ms`,
  } as CSSProperties;
  return (
    <div className={`cm-edge${lit ? " cm-edge--lit" : ""}${className ? ` ${className}` : ""}`} style={style}>
      <span className="cm-edge__track" aria-hidden />
      <span className="cm-edge__line" aria-hidden />
      <div className="cm-edge__inside">{children}</div>
    </div>
  );
});

/**
 * The angle, clockwise from the top, at which the border has run to `percentage` of its length. Along an edge length
 * and angle differ, so that a light that turned evenly would run unevenly.
 */
export function edgeAngle(percentage: number, aspect: number): number {
  const part = Math.min(100, Math.max(0, percentage || 0)) / 100;
  const [half, tall] = [Math.max(0.01, aspect) / 2, 1 / 2];
  const along = (part % 0.5) * 4 * (half + tall);
  const turned = part >= 1 ? 360 : part >= 0.5 ? 180 : 0;
  if (part >= 1) return 360;
  const [x, y] =
    along <= half ? [along, tall] : along <= half + 2 * tall ? [half, tall - (along - half)] : [2 * half + 2 * tall - along, -tall];
  return turned + (Math.atan2(x, y) * 180) / Math.PI;
}
