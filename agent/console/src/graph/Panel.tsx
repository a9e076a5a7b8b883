import * as format from "../format";
import type { Summary, Traffic } from "../metrics/window";
import { workloadPage } from "../router";
import { useStore } from "../store";
import { securityNames } from "../security";
import { Lock } from "../ui/Lock";
import { Dot, Failures, PlaceName, Success } from "../ui/parts";
import { Sparkline } from "../ui/Sparkline";
import { type Edge, type Graph, health, type Node } from "./graph";

interface Props {
  readonly graph: Graph;
  readonly selected: string | null;
  readonly select: (id: string | null) => void;
}

/** Beside the graph: what is chosen in it; else what somebody should look at. */
export function Panel({ graph, selected, select }: Props) {
  const node = graph.nodes.find((one) => one.id === selected);
  const edge = graph.edges.find((one) => one.id === selected);
  return (
    <aside class="panel" aria-label="Details">
      {node ? <NodePanel node={node} graph={graph} select={select} /> : edge ? <EdgePanel edge={edge} graph={graph} /> : <Attention graph={graph} select={select} />}
    </aside>
  );
}

function Attention({ graph, select }: Omit<Props, "selected">) {
  const store = useStore();
  const failing = graph.edges.filter((edge) => health(edge.summary) === "bad" || health(edge.summary) === "poor").sort((a, b) => failures(b) - failures(a));
  const busiest = graph.edges.filter((edge) => edge.summary.rate > 0).sort((a, b) => b.summary.rate - a.summary.rate).slice(0, 12);
  const called = (edge: Edge) => `${short(edge.source)} → ${short(edge.target)}`;
  const isQuiet = failing.length === 0 && store.problems.length === 0 && store.notReady.length === 0;
  return (
    <>
      <h2>{isQuiet ? "Nothing fails" : "Look at"}</h2>
      {failing.length > 0 && <EdgeList edges={failing.slice(0, 20)} graph={graph} select={select} name={called} />}
      {store.notReady.length > 0 && (
        <p>
          <Dot state="bad" /> <a href="#/node">The node is not ready</a>: {store.notReady[0]}
        </p>
      )}
      {store.problems.slice(0, 5).map((problem) => (
        <p key={problem.message}>
          <Dot state="poor" /> {problem.message}
        </p>
      ))}
      {isQuiet && <p class="faint">Choose a workload or an edge to see more of it.</p>}
      {busiest.length > 0 && (
        <>
          <h3 class="faint">Busiest</h3>
          <EdgeList edges={busiest} graph={graph} select={select} name={called} />
        </>
      )}
      <ul class="legend">
        <li><Dot state="good" /> 99 % or more go well</li>
        <li><Dot state="poor" /> 90 % or more</li>
        <li><Dot state="bad" /> fewer</li>
        <li><Dot state="idle" /> nothing in the last seconds</li>
        <li><Lock security={["app_tls"]} /> TLS, of the apps or by the mesh</li>
        <li><Lock security={["plaintext"]} /> plaintext</li>
      </ul>
    </>
  );
}

const failures = (edge: Edge) => edge.summary.rate * (1 - (edge.summary.success ?? 1));

function NodePanel({ node, graph, select }: { node: Node } & Omit<Props, "selected">) {
  const store = useStore();
  const callers = graph.edges.filter((edge) => edge.target === node.id);
  const called = graph.edges.filter((edge) => edge.source === node.id);
  const { place } = node;
  return (
    <>
      <h2>
        {place.name} {place.kind === "service" && <span class="tag">Service</span>}
      </h2>
      <p class="faint">{place.kind === "service" ? `Service in ${place.namespace}: no pod took these` : place.namespace}</p>
      {place.kind === "workload" && place.namespace !== "" && (
        <p>
          <a class="button" href={workloadPage(place.namespace, place.name)}>
            Open workload
          </a>
        </p>
      )}
      {callers.length > 0 && (
        <>
          <Numbers title="In" summary={node.inbound} history={`in ${node.id}`} />
          <EdgeList edges={callers} graph={graph} select={select} name={(edge) => short(edge.source)} />
        </>
      )}
      {called.length > 0 && (
        <>
          <Numbers title="Out" summary={node.outbound} history={`out ${node.id}`} />
          <EdgeList edges={called} graph={graph} select={select} name={(edge) => short(edge.target)} />
        </>
      )}
      {callers.length + called.length === 0 && store.traffic.length > 0 && <p class="faint">It calls nobody, and nobody calls it.</p>}
    </>
  );
}

function EdgePanel({ edge, graph }: { edge: Edge; graph: Graph }) {
  const place = (id: string) => graph.nodes.find((node) => node.id === id)!.place;
  return (
    <>
      <h2>
        <PlaceName place={place(edge.source)} withNamespace={false} /> → <PlaceName place={place(edge.target)} withNamespace={false} />
      </h2>
      <p>
        {edge.protocols.map((protocol) => (
          <span class="tag" key={protocol}>
            {protocol}
          </span>
        ))}
        {edge.security.map((one) => (
          <span class="tag" key={one} title={securityNames[one].says} data-security={one}>
            <Lock security={[one]} /> {securityNames[one].name}
          </span>
        ))}
        {edge.services.map((service) => (
          <span class="tag" key={service}>
            Service {service}
          </span>
        ))}
      </p>
      <Numbers title={edge.summary.hasRequests ? "Requests" : "Connections"} summary={edge.summary} history={edge.id} />
      <Failures failures={edge.summary.failures} />
      <Ever traffic={edge.traffic} />
    </>
  );
}

/** Since the mesh began to count. */
function Ever({ traffic }: { traffic: readonly Traffic[] }) {
  const sum = (of: (row: Traffic) => number) => traffic.reduce((total, row) => total + of(row), 0);
  const requests = sum((row) => row.all.requests);
  // Those by a cluster IP, whose requests may go to any workload, are of no edge.
  const opened = sum((row) => row.all.opened);
  return (
    <dl class="pairs">
      {requests > 0 && (
        <>
          <dt>requests in all</dt>
          <dd data-requests>{format.count(requests)}</dd>
          <dt>of them failed</dt>
          <dd data-failed>{format.count(requests - sum((row) => row.all.succeeded))}</dd>
        </>
      )}
      {opened > 0 && (
        <>
          <dt>connections in all</dt>
          <dd>{format.count(opened)}</dd>
          <dt>sent, received</dt>
          <dd>
            {format.bytes(sum((row) => row.all.sent))}, {format.bytes(sum((row) => row.all.received))}
          </dd>
        </>
      )}
    </dl>
  );
}

function Numbers({ title, summary, history }: { title: string; summary: Summary; history: string }) {
  const store = useStore();
  return (
    <div class="numbers">
      <h3>
        {title} <Sparkline points={store.history.of(history)} />
      </h3>
      <dl>
        <div>
          <dt>rate</dt>
          <dd>{format.rate(summary.rate)}</dd>
        </div>
        <div>
          <dt>success</dt>
          <dd>
            <Success summary={summary} />
          </dd>
        </div>
        <div>
          <dt>p50</dt>
          <dd>{format.seconds(summary.p50)}</dd>
        </div>
        <div>
          <dt>p99</dt>
          <dd>{format.seconds(summary.p99)}</dd>
        </div>
      </dl>
    </div>
  );
}

function EdgeList({ edges, graph, select, name }: { edges: readonly Edge[]; graph: Graph; select: (id: string) => void; name: (edge: Edge) => string }) {
  const known = new Map(graph.nodes.map((node) => [node.id, node.place]));
  return (
    <ul class="edges">
      {[...edges]
        .sort((a, b) => b.summary.rate - a.summary.rate)
        .map((edge) => (
          <li key={edge.id}>
            <button type="button" onClick={() => select(edge.id)} title={`${known.get(edge.source)?.name} calls ${known.get(edge.target)?.name}`}>
              <Dot state={health(edge.summary)} />
              <span class="who">{name(edge)}</span>
              <span>{format.rate(edge.summary.rate)}</span>
              <Success summary={edge.summary} />
              <span>{format.seconds(edge.summary.p99)}</span>
            </button>
          </li>
        ))}
    </ul>
  );
}

const short = (id: string) => (id === "outside" ? "outside the mesh" : id.slice(id.lastIndexOf("/") + 1));
