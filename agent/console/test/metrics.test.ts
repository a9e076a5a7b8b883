import assert from "node:assert/strict";
import { test } from "node:test";
import { Histogram } from "../src/metrics/histogram";
import { Scrape } from "../src/metrics/scrape";
import { type Sample, SeriesReader } from "../src/metrics/series";
import { summarise, Window } from "../src/metrics/window";
import { securityOf } from "../src/security";

/** Lines as in /metrics, whose labels have no odd characters. */
const read = (text: string): Sample[] =>
  text.trim().split("\n").map((line) => {
    const [, name, labels, value] = /^(\w+)\{(.*)\} (\S+)$/.exec(line)!;
    return { series: { name: name!, labels: Object.fromEntries([...labels!.matchAll(/(\w+)="([^"]*)"/g)].map(([, label, said]) => [label, said])) }, value: Number(value) };
  });

const labels = (more: Record<string, string> = {}) =>
  Object.entries({
    direction: "local", protocol: "http1", security: "plaintext", source_namespace: "shop", source_workload: "cart", destination_namespace: "shop", destination_workload: "stock",
    destination_version: "", destination_service: "shop/stock", route: "", ...more,
  }).map(([name, value]) => `${name}="${value}"`).join(",");

const requests = (value: number, more: Record<string, string> = {}) => `nodemesh_http_requests_total{${labels({ status: "2xx", grpc_status: "", reason: "", ...more })}} ${value}\n`;
const opened = (value: number, more: Record<string, string> = {}) => `nodemesh_tcp_connections_opened_total{${labels(more)}} ${value}\n`;

const table = (first: number, second: number) => ({
  families: [
    { name: "nodemesh_http_requests_total", labels: ["source_workload", "status"], bounds: [], rows: [[0, 1, first], [0, 2, second]] },
    { name: "nodemesh_http_request_duration_seconds_bucket", labels: ["source_workload"], bounds: ["0.5", "+Inf"], rows: [[0, first, first + second]] },
    { name: "nodemesh_ready", labels: [], bounds: [], rows: [[1]] },
  ],
  words: ["cart", "2xx", "5xx"],
});

test("a table has the samples of the lines that it was made of", () => {
  const said = new SeriesReader().read(table(3, 4)).map(({ series, value }) => [series.name.replace("nodemesh_", ""), series.labels, value]);
  assert.deepEqual(said, [
    ["http_requests_total", { source_workload: "cart", status: "2xx" }, 3],
    ["http_requests_total", { source_workload: "cart", status: "5xx" }, 4],
    ["http_request_duration_seconds_bucket", { source_workload: "cart", le: "0.5" }, 3],
    ["http_request_duration_seconds_bucket", { source_workload: "cart", le: "+Inf" }, 7],
    ["ready", {}, 1],
  ]);
});

test("a series is the same object in the next scrape", () => {
  const reader = new SeriesReader();
  const [first, next] = [reader.read(table(1, 2)), reader.read(table(5, 6))];
  assert.deepEqual(next.map(({ series }, index) => series === first[index]!.series), [true, true, true, true, true]);
});

test("a percentile is linear within its bucket, and the last finite bound beyond it", () => {
  const histogram = new Histogram();
  [[0.1, 50], [0.2, 100], [Infinity, 100]].forEach(([bound, count]) => histogram.add(bound!, count!));
  assert.ok(Math.abs(histogram.quantile(0.75)! - 0.15) < 1e-12);
  const slow = new Histogram();
  [[0.1, 1], [Infinity, 100]].forEach(([bound, count]) => slow.add(bound!, count!));
  assert.equal(slow.quantile(0.99), 0.1);
  assert.equal(new Histogram().quantile(0.5), null);
});

const windowOf = (...texts: string[]) => {
  const window = new Window(10_000);
  texts.forEach((text, index) => window.add(new Scrape(read(text), index * 2_000)));
  return window;
};

test("rates are of the time between the oldest scrape and the newest", () => {
  const window = windowOf(requests(100) + requests(0, { status: "5xx" }), requests(110) + requests(2, { status: "5xx" }), requests(130) + requests(10, { status: "5xx" }));
  const [row] = window.traffic();
  const summary = summarise([row!], window.seconds);
  assert.equal(summary.rate, 10);
  assert.equal(summary.success, 0.75);
  assert.deepEqual(summary.failures, [["5xx", 10]]);
});

test("the window lets go of what is older than its length", () => {
  const window = new Window(10_000);
  for (let i = 0; i < 20; i++) {
    window.add(new Scrape(read(requests(i * 4)), i * 2_000));
  }
  assert.equal(window.seconds, 10);
  assert.equal(summarise(window.traffic(), window.seconds).rate, 2);
});

test("a proxy that counts from nought again makes no negative rate", () => {
  const window = windowOf(requests(1000), requests(6));
  assert.equal(summarise(window.traffic(), window.seconds).rate, 3);
});

test("what both ends of two nodes counted is one flow, by the end that saw more", () => {
  const window = windowOf(
    requests(0, { direction: "outbound" }) + requests(0, { direction: "inbound" }),
    requests(20, { direction: "outbound" }) + requests(16, { direction: "inbound" }),
  );
  assert.equal(window.traffic().length, 1);
  assert.equal(summarise(window.traffic(), window.seconds).rate, 10);
});

test("a connection to a cluster IP is no edge where its requests have edges of their own", () => {
  const text = requests(5) + opened(2, { destination_namespace: "", destination_workload: "unknown" });
  assert.deepEqual(windowOf(text, text).traffic().map((row) => row.key.destination.id), ["shop/stock"]);
  const alone = opened(2, { destination_namespace: "", destination_workload: "unknown" });
  assert.deepEqual(windowOf(alone, alone).traffic().map((row) => row.key.destination.id), ["service:shop/stock"]);
});

test("an edge is as its traffic of late was, else as all of it was", () => {
  const text = (plain: number, mesh: number) => requests(plain, { security: "plaintext" }) + requests(mesh, { security: "mesh_tls" });
  // Since a policy came nothing has gone in the clear.
  assert.deepEqual(securityOf(windowOf(text(50, 0), text(50, 9)).traffic()), ["mesh_tls"]);
  assert.deepEqual(securityOf(windowOf(text(50, 9), text(51, 10)).traffic()), ["plaintext", "mesh_tls"]);
  assert.deepEqual(securityOf(windowOf(text(50, 9), text(50, 9)).traffic()), ["plaintext", "mesh_tls"]);
  const relayed = opened(3, { protocol: "tls", security: "app_tls" });
  assert.deepEqual(securityOf(windowOf(relayed, relayed).traffic()), ["app_tls"]);
});

test("requests that failed: the mesh's reason, else what the server answered", () => {
  const text = (by: number) => requests(by, { reason: "denied", status: "4xx" }) + requests(by, { status: "4xx" }) + requests(by, { protocol: "grpc", grpc_status: "14" }) + requests(by, { status: "0" });
  const window = windowOf(text(0), text(4));
  const summary = summarise(window.traffic(), window.seconds);
  assert.deepEqual(summary.failures.map(([why]) => why).sort(), ["aborted", "denied", "grpc-status 14"]);
  assert.equal(summary.success, 0.25);
});
