import type { Place } from "../metrics/scrape";
import { type Summary, summarise, type Traffic } from "../metrics/window";
import { type Security, securityOf } from "../security";

export interface Node {
  readonly id: string;
  readonly place: Place;
  readonly inbound: Summary;
  readonly outbound: Summary;
}

export interface Edge {
  readonly id: string;
  readonly source: string;
  readonly target: string;
  readonly protocols: readonly string[];
  readonly services: readonly string[];
  readonly security: readonly Security[];
  readonly traffic: readonly Traffic[];
  readonly summary: Summary;
}

export interface Graph {
  readonly nodes: readonly Node[];
  readonly edges: readonly Edge[];
}

export interface Filter {
  readonly namespace: string;
  /** Part of a name at either end. */
  readonly text: string;
  /** Only what fails. */
  readonly failing: boolean;
  /** One node a namespace. */
  readonly byNamespace: boolean;
  /** Also what carries nothing now. */
  readonly silent: boolean;
}

export type Health = "good" | "poor" | "bad" | "idle";

export function health(summary: Summary): Health {
  if (summary.success === null) {
    return "idle";
  }
  return summary.success >= 0.99 ? "good" : summary.success >= 0.9 ? "poor" : "bad";
}

/** The worse of the two. */
export function worse(a: Health, b: Health): Health {
  const order: Health[] = ["idle", "good", "poor", "bad"];
  return order[Math.max(order.indexOf(a), order.indexOf(b))]!;
}

export function graphOf(traffic: readonly Traffic[], seconds: number, filter: Filter): Graph {
  const stands = filter.byNamespace ? namespaceOf : (place: Place) => place;
  const text = filter.text.trim().toLowerCase();
  const matches = (place: Place) => (filter.namespace === "" || place.namespace === filter.namespace) && (text === "" || `${place.namespace}/${place.name}`.toLowerCase().includes(text));
  const isShown = (row: Traffic) =>
    (matches(row.key.source) || matches(row.key.destination))
    && (filter.namespace === "" || row.key.source.namespace === filter.namespace || row.key.destination.namespace === filter.namespace)
    && (filter.silent || row.recent.requests + row.recent.opened + row.recent.closed > 0);

  const groups = new Map<string, { source: Place; target: Place; traffic: Traffic[] }>();
  for (const row of traffic.filter(isShown)) {
    const [source, target] = [stands(row.key.source), stands(row.key.destination)];
    if (filter.byNamespace && source.id === target.id) {
      continue;
    }
    const id = `${source.id} ${target.id}`;
    const group = groups.get(id);
    if (group) {
      group.traffic.push(row);
    } else {
      groups.set(id, { source, target, traffic: [row] });
    }
  }

  const edges: Edge[] = [];
  const places = new Map<string, { place: Place; inbound: Traffic[]; outbound: Traffic[] }>();
  const at = (place: Place) => places.get(place.id) ?? places.set(place.id, { place, inbound: [], outbound: [] }).get(place.id)!;
  for (const [id, { source, target, traffic }] of groups) {
    const summary = summarise(traffic, seconds);
    if (filter.failing && !(health(summary) === "poor" || health(summary) === "bad")) {
      continue;
    }
    at(source).outbound.push(...traffic);
    at(target).inbound.push(...traffic);
    edges.push({
      id, source: source.id, target: target.id, traffic, summary,
      protocols: [...new Set(traffic.map(protocolOf))].sort(),
      services: [...new Set(traffic.map((row) => row.key.service).filter((service) => service !== ""))].sort(),
      security: securityOf(traffic),
    });
  }
  const nodes = [...places.values()].map(({ place, inbound, outbound }) => ({ id: place.id, place, inbound: summarise(inbound, seconds), outbound: summarise(outbound, seconds) }));
  return { nodes: nodes.sort((a, b) => (a.id < b.id ? -1 : 1)), edges };
}

const names: Record<string, string> = { http1: "HTTP/1.1", http2: "HTTP/2", tls: "TLS", opaque: "TCP" };

export function protocolOf(row: Traffic): string {
  return row.all.isGrpc ? "gRPC" : (names[row.key.protocol] ?? row.key.protocol);
}

function namespaceOf(place: Place): Place {
  return place.kind === "outside" ? place : { id: `namespace:${place.namespace}`, kind: "workload", namespace: "", name: place.namespace };
}
