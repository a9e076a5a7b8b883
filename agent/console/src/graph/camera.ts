import { useEffect, useRef } from "preact/hooks";
import type { Box, Layout } from "./layout";

const least = 0.08;
const most = 2.5;
// Names can be read from here on.
const near = 0.45;

/**
 * How much of the picture is seen: by wheel, by dragging, by keys. It moves the picture itself, past the components: drawing a thousand edges anew for every
 * step of a wheel would be slow.
 */
export function useCamera(layout: Layout) {
  const svg = useRef<SVGSVGElement>(null);
  const camera = useRef(new Camera(svg));
  camera.current.layout = layout;
  useEffect(() => camera.current.attach(), []);
  useEffect(() => camera.current.follow(), [layout]);
  return { svg, camera: camera.current };
}

export class Camera {
  layout!: Layout;
  private x = 0;
  private y = 0;
  private scale = 1;
  /** Somebody has moved it: it no longer follows the layout. */
  private isMoved = false;

  constructor(private readonly svg: { readonly current: SVGSVGElement | null }) {}

  attach(): () => void {
    const svg = this.svg.current!;
    const wheel = (event: WheelEvent) => {
      event.preventDefault();
      const box = svg.getBoundingClientRect();
      this.zoom(Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0015)), event.clientX - box.left, event.clientY - box.top);
    };
    let dragged: { x: number; y: number; pointer: number } | null = null;
    const down = (event: PointerEvent) => {
      if (event.button === 0 && !(event.target as Element).closest("[data-node], [data-edge]")) {
        dragged = { x: event.clientX, y: event.clientY, pointer: event.pointerId };
        svg.setPointerCapture(event.pointerId);
      }
    };
    const move = (event: PointerEvent) => {
      if (dragged?.pointer === event.pointerId) {
        this.pan(event.clientX - dragged.x, event.clientY - dragged.y);
        dragged = { ...dragged, x: event.clientX, y: event.clientY };
      }
    };
    const up = () => (dragged = null);
    svg.addEventListener("wheel", wheel, { passive: false });
    svg.addEventListener("pointerdown", down);
    svg.addEventListener("pointermove", move);
    svg.addEventListener("pointerup", up);
    svg.addEventListener("pointercancel", up);
    const resize = new ResizeObserver(() => this.follow());
    resize.observe(svg);
    return () => resize.disconnect();
  }

  /** The whole of it again, unless somebody looks at a part. */
  follow(): void {
    if (!this.isMoved) {
      this.fit();
    }
  }

  fit(): void {
    const { clientWidth: width, clientHeight: height } = this.svg.current!;
    if (width === 0 || height === 0) {
      return;
    }
    this.scale = clamp(Math.min(width / this.layout.width, height / this.layout.height, 1.15));
    this.x = (width - this.layout.width * this.scale) / 2;
    this.y = (height - this.layout.height * this.scale) / 2;
    this.isMoved = false;
    this.apply();
  }

  pan(x: number, y: number): void {
    this.x += x;
    this.y += y;
    this.isMoved = true;
    this.apply();
  }

  /** About a point of the window; without one its middle. */
  zoom(factor: number, x = this.svg.current!.clientWidth / 2, y = this.svg.current!.clientHeight / 2): void {
    const scale = clamp(this.scale * factor);
    this.x = x - ((x - this.x) * scale) / this.scale;
    this.y = y - ((y - this.y) * scale) / this.scale;
    this.scale = scale;
    this.isMoved = true;
    this.apply();
  }

  /** Moves no more than needed to show it. */
  show(box: Box): void {
    const { clientWidth: width, clientHeight: height } = this.svg.current!;
    const [left, top] = [this.x + box.x * this.scale, this.y + box.y * this.scale];
    const [right, bottom] = [left + box.width * this.scale, top + box.height * this.scale];
    const by = (from: number, to: number, size: number) => (from < 20 ? 20 - from : to > size - 20 ? size - 20 - to : 0);
    const [x, y] = [by(left, right, width), by(top, bottom, height)];
    if (x !== 0 || y !== 0) {
      this.pan(x, y);
    }
  }

  private apply(): void {
    const svg = this.svg.current!;
    svg.querySelector(".picture")!.setAttribute("transform", `translate(${this.x} ${this.y}) scale(${this.scale})`);
    svg.classList.toggle("far", this.scale < near);
  }
}

const clamp = (scale: number) => Math.min(most, Math.max(least, scale));
