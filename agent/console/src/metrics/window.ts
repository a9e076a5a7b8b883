import { type Flow, type FlowKey, Scrape } from "./scrape";
import { Totals } from "./totals";

/** A flow, in all and lately. */
export interface Traffic {
  readonly id: string;
  readonly key: FlowKey;
  readonly all: Totals;
  readonly recent: Totals;
}

/** What a row or an edge shows. */
export interface Summary {
  /** Of HTTP requests; else of connections. */
  readonly hasRequests: boolean;
  /** Of them a second. */
  readonly rate: number;
  /** Share of those over that ended well; null: none ended. */
  readonly success: number | null;
  readonly p50: number | null;
  readonly p99: number | null;
  /** Bytes a second, towards the destination and from it. */
  readonly sent: number;
  readonly received: number;
  readonly failures: readonly (readonly [why: string, count: number])[];
}

/** The last scrapes: rates are of the time between the oldest and the newest of them. */
export class Window {
  private readonly scrapes: Scrape[] = [];

  constructor(private readonly milliseconds: number) {}

  add(scrape: Scrape): void {
    this.scrapes.push(scrape);
    while (this.scrapes.length > 2 && scrape.at - this.scrapes[1]!.at >= this.milliseconds) {
      this.scrapes.shift();
    }
  }

  clear(): void {
    this.scrapes.length = 0;
  }

  get latest(): Scrape | undefined {
    return this.scrapes.at(-1);
  }

  /** How many scrapes it holds. */
  get size(): number {
    return this.scrapes.length;
  }

  /** How long the window is by now; 0: rates are not known yet. */
  get seconds(): number {
    return this.scrapes.length < 2 ? 0 : (this.scrapes.at(-1)!.at - this.scrapes[0]!.at) / 1000;
  }

  /** Every flow there has been since the mesh started, by its id. */
  traffic(): Traffic[] {
    const [earliest, latest] = [this.scrapes[0], this.latest];
    if (!earliest || !latest) {
      return [];
    }
    const rows = [...latest.flows].map(([id, flow]) => ({ id, key: flow.key, all: flow.totals, recent: this.recent(flow, earliest.flows.get(id), earliest === latest) }));
    return withoutDoubles(rows).sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  /** How much a counter has grown a second, by the label sets that it has; null: it can't be said yet. */
  rate(name: string, labels: Record<string, string>): number | null {
    const [now, before] = [this.latest?.sum(name, labels), this.scrapes[0]?.sum(name, labels)];
    if (this.seconds === 0 || now === undefined || now === null) {
      return null;
    }
    const earlier = before ?? 0;
    return (now >= earlier ? now - earlier : now) / this.seconds;
  }

  /** Requests by route and destination of late: each with its part of the route's. */
  shares(route: string): { namespace: string; workload: string; version: string; requests: number; share: number }[] {
    const [earliest, latest] = [this.scrapes[0], this.latest];
    if (!earliest || !latest) {
      return [];
    }
    const rows = [...latest.routed]
      .filter(([, way]) => way.route === route)
      .map(([key, way]) => ({ ...way, requests: Math.max(0, way.requests - (earliest.routed.get(key)?.requests ?? 0)) }));
    const all = rows.reduce((sum, row) => sum + row.requests, 0);
    return rows.map(({ namespace, workload, version, requests }) => ({ namespace, workload, version, requests, share: all > 0 ? requests / all : 0 }));
  }

  private recent(flow: Flow, earlier: Flow | undefined, isFirst: boolean): Totals {
    return isFirst ? new Totals() : flow.totals.since(earlier?.totals);
  }
}

/** Several flows as one. */
export function summarise(traffic: readonly Traffic[], seconds: number): Summary {
  const hasRequests = traffic.some((flow) => flow.all.requests > 0);
  const recent = new Totals();
  for (const flow of traffic) {
    recent.add(flow.recent);
  }
  const [ended, good] = hasRequests ? [recent.requests, recent.succeeded] : [recent.closed, recent.closed - recent.broken];
  const aSecond = (count: number) => (seconds > 0 ? count / seconds : 0);
  return {
    hasRequests,
    rate: aSecond(hasRequests ? recent.requests : recent.opened),
    success: ended > 0 ? good / ended : null,
    p50: recent.latency.quantile(0.5),
    p99: recent.latency.quantile(0.99),
    sent: aSecond(recent.sent),
    received: aSecond(recent.received),
    failures: [...recent.failures].sort((a, b) => b[1] - a[1]),
  };
}

// A connection to a cluster IP whose requests have flows of their own.
function withoutDoubles(rows: Traffic[]): Traffic[] {
  const asked = new Set(rows.filter((row) => row.all.requests > 0).map((row) => `${row.key.source.id} ${row.key.service}`));
  return rows.filter((row) => row.all.requests > 0 || row.key.destination.kind === "workload" || !asked.has(`${row.key.source.id} ${row.key.service}`));
}
