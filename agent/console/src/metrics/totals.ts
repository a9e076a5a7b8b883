import type { Sample } from "./series";
import { Histogram } from "./histogram";

/** What the mesh counted of some traffic since it started, or between two scrapes. */
export class Totals {
  isGrpc = false;
  requests = 0;
  succeeded = 0;
  opened = 0;
  closed = 0;
  /** Of those closed: the ones the mesh had a reason to end. */
  broken = 0;
  sent = 0;
  received = 0;
  readonly latency = new Histogram();
  /** Requests and connections, by what protected them: plaintext, app_tls, mesh_tls. */
  readonly secured = new Map<string, number>();
  /** Requests and connections that failed, by why: the reason of the mesh, else what the server answered. */
  readonly failures = new Map<string, number>();

  count({ series, value }: Sample): void {
    const labels = series.labels;
    switch (series.name) {
      case "nodemesh_http_requests_total": {
        const why = failure(labels);
        this.requests += value;
        add(this.secured, labels.security, value);
        this.isGrpc ||= labels.protocol === "grpc";
        if (why === "") {
          this.succeeded += value;
        } else {
          add(this.failures, why, value);
        }
        break;
      }
      case "nodemesh_http_request_duration_seconds_bucket":
        this.latency.add(labels.le === "+Inf" ? Infinity : Number(labels.le), value);
        break;
      case "nodemesh_tcp_connections_opened_total":
        this.opened += value;
        add(this.secured, labels.security, value);
        break;
      case "nodemesh_tcp_connections_closed_total":
        this.closed += value;
        if (labels.reason) {
          this.broken += value;
          add(this.failures, labels.reason, value);
        }
        break;
      case "nodemesh_tcp_sent_bytes_total":
        this.sent += value;
        break;
      case "nodemesh_tcp_received_bytes_total":
        this.received += value;
        break;
    }
  }

  add(other: Totals): void {
    this.isGrpc ||= other.isGrpc;
    this.requests += other.requests;
    this.succeeded += other.succeeded;
    this.opened += other.opened;
    this.closed += other.closed;
    this.broken += other.broken;
    this.sent += other.sent;
    this.received += other.received;
    this.latency.addAll(other.latency);
    addAll(this.failures, other.failures);
    addAll(this.secured, other.secured);
  }

  /** What was counted since; all of it where counting began anew meanwhile (another proxy). */
  since(earlier: Totals | undefined): Totals {
    if (!earlier || earlier.requests > this.requests || earlier.opened > this.opened || earlier.closed > this.closed) {
      earlier = undefined;
    }
    const difference = new Totals();
    difference.isGrpc = this.isGrpc;
    difference.requests = this.requests - (earlier?.requests ?? 0);
    difference.succeeded = this.succeeded - (earlier?.succeeded ?? 0);
    difference.opened = this.opened - (earlier?.opened ?? 0);
    difference.closed = this.closed - (earlier?.closed ?? 0);
    difference.broken = this.broken - (earlier?.broken ?? 0);
    difference.sent = this.sent - (earlier?.sent ?? 0);
    difference.received = this.received - (earlier?.received ?? 0);
    difference.latency.addAll(this.latency.since(earlier?.latency));
    addAll(difference.failures, grown(this.failures, earlier?.failures));
    addAll(difference.secured, grown(this.secured, earlier?.secured));
    return difference;
  }
}

function add(counts: Map<string, number>, key: string | undefined, count: number): void {
  if (key && count > 0) {
    counts.set(key, (counts.get(key) ?? 0) + count);
  }
}

function addAll(counts: Map<string, number>, others: Iterable<readonly [string, number]>): void {
  for (const [key, count] of others) {
    add(counts, key, count);
  }
}

/** What has become more since. */
const grown = (now: ReadonlyMap<string, number>, earlier: ReadonlyMap<string, number> | undefined) =>
  [...now].map(([key, count]) => [key, count - (earlier?.get(key) ?? 0)] as const).filter(([, more]) => more > 0);

// Empty: it went well. Status 0: the client got no whole response. What the application answered with 4xx, it meant.
function failure(labels: Readonly<Record<string, string>>): string {
  if (labels.reason) {
    return labels.reason;
  }
  if (labels.status === "0") {
    return "aborted";
  }
  if (labels.status === "5xx") {
    return "5xx";
  }
  return labels.grpc_status && labels.grpc_status !== "0" ? `grpc-status ${labels.grpc_status}` : "";
}
