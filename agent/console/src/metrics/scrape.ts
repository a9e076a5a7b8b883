import type { Sample } from "./series";
import { Totals } from "./totals";

/** A workload, or what stands for one: a Service whose pods are not known, what is outside of the mesh. */
export interface Place {
  readonly id: string;
  readonly kind: "workload" | "service" | "outside";
  readonly namespace: string;
  readonly name: string;
}

/** Who talks to whom, by which Service and how. */
export interface FlowKey {
  readonly source: Place;
  readonly destination: Place;
  /** namespace/name; empty: none. */
  readonly service: string;
  /** http1, http2, tls or opaque, as connections have it; gRPC is http2 here. */
  readonly protocol: string;
}

export interface Flow {
  readonly key: FlowKey;
  readonly totals: Totals;
}

/** What is counted of traffic, as far as it is shown. */
export const trafficFamilies = [
  "nodemesh_http_requests_total", "nodemesh_http_request_duration_seconds_bucket", "nodemesh_tcp_connections_opened_total", "nodemesh_tcp_connections_closed_total",
  "nodemesh_tcp_sent_bytes_total", "nodemesh_tcp_received_bytes_total",
];

/** What is counted of the node and its pods, as far as it is shown. */
export const nodeFamilies = [
  "nodemesh_config_version", "nodemesh_proxy_config_version", "nodemesh_config_age_seconds", "nodemesh_proxy_restarts_total", "nodemesh_process_resident_memory_bytes",
  "nodemesh_process_cpu_seconds_total", "nodemesh_pod_cpu_seconds_total", "nodemesh_pod_bytes_total", "nodemesh_pod_connections_open", "nodemesh_pod_buffered_bytes",
];

const isTraffic = new Set(trafficFamilies);
const unknown = "unknown";
const label = (labels: Readonly<Record<string, string>>, name: string) => labels[name] ?? "";

/**
 * One scrape, by flow. A node counts what it sends and what it takes in; what both ends' nodes counted is told by the one that saw more of it, which is both when
 * they are one.
 */
export class Scrape {
  /** By an id of their own that stays the same in every scrape. */
  readonly flows: ReadonlyMap<string, Flow>;
  /** Requests by the route that decided and the destination, as their sources' nodes counted them: "route workload". */
  readonly routed = new Map<string, { route: string; namespace: string; workload: string; version: string; requests: number }>();
  /** All that is not traffic, by name. */
  private readonly others = new Map<string, Sample[]>();

  constructor(
    samples: readonly Sample[],
    /** Of the page's own clock, in milliseconds. */
    readonly at: number,
  ) {
    const atSource = new Map<string, Flow>();
    const atDestination = new Map<string, Flow>();
    for (const sample of samples) {
      const { name, labels } = sample.series;
      if (!isTraffic.has(name)) {
        const same = this.others.get(name);
        if (same) {
          same.push(sample);
        } else {
          this.others.set(name, [sample]);
        }
        continue;
      }
      if (labels.direction !== "inbound") {
        flowOf(atSource, labels).totals.count(sample);
        this.countRouted(sample);
      }
      if (labels.direction !== "outbound") {
        flowOf(atDestination, labels).totals.count(sample);
      }
    }
    const seenMore = (a: Totals, b: Totals) => a.requests + a.opened > b.requests + b.opened;
    for (const [id, flow] of atDestination) {
      const other = atSource.get(id);
      if (!other || seenMore(flow.totals, other.totals)) {
        atSource.set(id, flow);
      }
    }
    this.flows = atSource;
  }

  /** The samples of a family that is not traffic. */
  all(name: string): readonly Sample[] {
    return this.others.get(name) ?? [];
  }

  /** Their sum; null: there is none. */
  sum(name: string, labels: Record<string, string> = {}): number | null {
    const found = this.all(name).filter((sample) => Object.entries(labels).every(([label, value]) => sample.series.labels[label] === value));
    return found.length === 0 ? null : found.reduce((sum, sample) => sum + sample.value, 0);
  }

  private countRouted({ series, value }: Sample): void {
    const labels = series.labels;
    if (series.name !== "nodemesh_http_requests_total" || !labels.route) {
      return;
    }
    const [namespace, workload, version] = [label(labels, "destination_namespace"), label(labels, "destination_workload"), label(labels, "destination_version")];
    const key = [labels.route, namespace, workload, version].join(" ");
    const known = this.routed.get(key);
    this.routed.set(key, { route: labels.route, namespace, workload, version, requests: (known?.requests ?? 0) + value });
  }
}

function flowOf(flows: Map<string, Flow>, labels: Readonly<Record<string, string>>): Flow {
  const service = label(labels, "destination_service");
  const protocol = labels.protocol === "grpc" ? "http2" : label(labels, "protocol");
  const source = place(label(labels, "source_namespace"), label(labels, "source_workload"), "");
  const destination = place(label(labels, "destination_namespace"), label(labels, "destination_workload"), service);
  const id = `${source.id} ${destination.id} ${service} ${protocol}`;
  let flow = flows.get(id);
  if (!flow) {
    flow = { key: { source, destination, service, protocol }, totals: new Totals() };
    flows.set(id, flow);
  }
  return flow;
}

// What no pod took is named by the Service it was for.
function place(namespace: string, name: string, service: string): Place {
  if (name !== unknown && name !== "") {
    return { id: `${namespace}/${name}`, kind: "workload", namespace, name };
  }
  const slash = service.indexOf("/");
  return slash > 0
    ? { id: `service:${service}`, kind: "service", namespace: service.slice(0, slash), name: service.slice(slash + 1) }
    : { id: "outside", kind: "outside", namespace: "", name: "outside the mesh" };
}
