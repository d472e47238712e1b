"use client";
import type { ReactNode } from "react";

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
  className?: string;
  children?: ReactNode;
}

/** A line of light along the border of what is being made. */
export function EdgeLight(_: EdgeLightProps) {
  return null;
}
