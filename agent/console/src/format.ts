import type { Summary } from "./metrics/window";

const nothing = "–";

/** 12.3/s, 1.2k/s */
export function rate(value: number): string {
  if (value === 0) {
    return "0/s";
  }
  if (value < 0.05) {
    return "<0.1/s";
  }
  return value >= 10_000 ? `${(value / 1000).toFixed(0)}k/s` : value >= 1_000 ? `${(value / 1000).toFixed(1)}k/s` : `${value.toFixed(value >= 100 ? 0 : 1)}/s`;
}

/** What the rate is of. */
export const unit = (summary: Summary) => (summary.hasRequests ? "req" : "conn");

/** Never rounded up to 100 %. */
export function percent(share: number | null): string {
  if (share === null) {
    return nothing;
  }
  return share >= 1 ? "100 %" : `${(Math.floor(share * 1000) / 10).toFixed(1)} %`;
}

export function seconds(value: number | null): string {
  if (value === null) {
    return nothing;
  }
  const milliseconds = value * 1000;
  return milliseconds >= 10_000 ? `${value.toFixed(0)} s` : milliseconds >= 1_000 ? `${value.toFixed(1)} s` : milliseconds >= 10 ? `${milliseconds.toFixed(0)} ms` : `${milliseconds.toFixed(1)} ms`;
}

export function bytes(value: number | null): string {
  if (value === null) {
    return nothing;
  }
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let index = 0;
  while (value >= 1024 && index < units.length - 1) {
    value /= 1024;
    index++;
  }
  return `${index === 0 ? value.toFixed(0) : value.toFixed(1)} ${units[index]}`;
}

/** With spaces between thousands. */
export const count = (value: number | null) => (value === null ? nothing : Math.round(value).toString().replace(/\B(?=(\d{3})+$)/g, " "));

export function age(value: number | null): string {
  if (value === null) {
    return nothing;
  }
  return value < 120 ? `${value.toFixed(value < 10 ? 1 : 0)} s` : value < 7200 ? `${(value / 60).toFixed(0)} min` : `${(value / 3600).toFixed(1)} h`;
}

/** A part of a core. */
export const cores = (value: number | null) => (value === null ? nothing : value < 0.0005 ? "0" : `${(value * 1000).toFixed(value < 0.01 ? 1 : 0)} m`);
