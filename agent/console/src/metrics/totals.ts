import type { Sample } from "./exposition";
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
  /** Requests and connections that failed, by why: the reason of the mesh, else what the server answered. */
  readonly failures = new Map<string, number>();

  count({ series, value }: Sample): void {
    const labels = series.labels;
    switch (series.name) {
      case "nodemesh_http_requests_total": {
        const why = failure(labels);
        this.requests += value;
        this.isGrpc ||= labels.protocol === "grpc";
        if (why === "") {
          this.succeeded += value;
        } else {
          this.fail(why, value);
        }
        break;
      }
      case "nodemesh_http_request_duration_seconds_bucket":
        this.latency.add(labels.le === "+Inf" ? Infinity : Number(labels.le), value);
        break;
      case "nodemesh_tcp_connections_opened_total":
        this.opened += value;
        break;
      case "nodemesh_tcp_connections_closed_total":
        this.closed += value;
        if (labels.reason) {
          this.broken += value;
          this.fail(labels.reason, value);
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
    for (const [why, count] of other.failures) {
      this.fail(why, count);
    }
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
    for (const [why, count] of this.failures) {
      const more = count - (earlier?.failures.get(why) ?? 0);
      if (more > 0) {
        difference.fail(why, more);
      }
    }
    return difference;
  }

  private fail(why: string, count: number): void {
    this.failures.set(why, (this.failures.get(why) ?? 0) + count);
  }
}

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
