import type { Point } from "../metrics/history";

const width = 132;
const height = 30;

/** How a rate has been; red where something failed. */
export function Sparkline({ points }: { points: readonly Point[] }) {
  if (points.length < 2) {
    return <svg class="sparkline" width={width} height={height} aria-hidden="true" />;
  }
  const most = Math.max(...points.map((point) => point.rate), 0.001);
  const step = width / Math.max(points.length - 1, 30);
  const left = width - step * (points.length - 1);
  const x = (index: number) => (left + index * step).toFixed(1);
  const y = (rate: number) => (height - 2 - (rate / most) * (height - 6)).toFixed(1);
  const line = points.map((point, index) => `${x(index)},${y(point.rate)}`).join(" ");
  return (
    <svg class="sparkline" width={width} height={height} role="img" aria-label={`at most ${most.toFixed(1)} a second`}>
      <polygon points={`${x(0)},${height} ${line} ${width},${height}`} />
      <polyline points={line} />
      {points.map((point, index) => point.success !== null && point.success < 0.99 && <rect class="failing" x={x(index)} y={height - 2} width={Math.max(step, 1.5)} height={2} />)}
    </svg>
  );
}
