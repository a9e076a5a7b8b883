import { summarise, type Traffic } from "./window";

export interface Point {
  readonly rate: number;
  readonly success: number | null;
}

const kept = 90;

/** What rates were, for the small curves: of each workload what comes in ("in ID") and goes out ("out ID"), and of each edge ("SOURCE DESTINATION"). */
export class History {
  private points = new Map<string, Point[]>();

  add(traffic: readonly Traffic[], seconds: number): void {
    if (seconds === 0) {
      return;
    }
    const groups = new Map<string, Traffic[]>();
    const put = (id: string, row: Traffic) => {
      const group = groups.get(id);
      if (group) {
        group.push(row);
      } else {
        groups.set(id, [row]);
      }
    };
    for (const row of traffic) {
      put(`in ${row.key.destination.id}`, row);
      put(`out ${row.key.source.id}`, row);
      put(`${row.key.source.id} ${row.key.destination.id}`, row);
    }
    const next = new Map<string, Point[]>();
    for (const [id, rows] of groups) {
      const { rate, success } = summarise(rows, seconds);
      next.set(id, [...(this.points.get(id) ?? []).slice(1 - kept), { rate, success }]);
    }
    this.points = next;
  }

  of(id: string): readonly Point[] {
    return this.points.get(id) ?? [];
  }
}
