import { useMemo, useState } from "preact/hooks";
import * as format from "../format";
import { type Filter, graphOf } from "../graph/graph";
import { GraphView } from "../graph/GraphView";
import { Panel } from "../graph/Panel";
import { useStore } from "../store";
import { Empty } from "../ui/parts";

/** Who calls whom, now. */
export function GraphPage() {
  const store = useStore();
  const [filter, setFilter] = useState<Filter>({ namespace: "", text: "", failing: false, byNamespace: false, silent: true });
  const [selected, select] = useState<string | null>(null);
  const { seconds } = store.window;
  const graph = useMemo(() => graphOf(store.traffic, seconds, filter), [store.scrapes, filter]);
  const namespaces = useMemo(() => [...new Set(store.traffic.flatMap((row) => [row.key.source.namespace, row.key.destination.namespace]))].filter((name) => name !== "").sort(), [store.scrapes]);
  const set = (part: Partial<Filter>) => setFilter({ ...filter, ...part });
  const requests = graph.edges.filter((edge) => edge.summary.hasRequests).reduce((sum, edge) => sum + edge.summary.rate, 0);
  return (
    <div class="graph-page">
      <div class="toolbar" role="search">
        <input type="search" placeholder="Find a workload" aria-label="Find a workload" value={filter.text} onInput={(event) => set({ text: event.currentTarget.value })} />
        <select aria-label="Namespace" value={filter.namespace} onChange={(event) => set({ namespace: event.currentTarget.value })}>
          <option value="">all namespaces</option>
          {namespaces.map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
        <Check label="failing only" value={filter.failing} onChange={(failing) => set({ failing })} />
        <Check label="now only" value={!filter.silent} onChange={(now) => set({ silent: !now })} />
        {namespaces.length > 1 && <Check label="by namespace" value={filter.byNamespace} onChange={(byNamespace) => set({ byNamespace })} />}
        <span class="faint" data-summary>
          {graph.nodes.length} {filter.byNamespace ? "namespaces" : "workloads"}, {graph.edges.length} edges, {format.rate(requests)}
          {seconds > 0 && ` over ${seconds.toFixed(0)} s`}
        </span>
      </div>
      <div class="graph-and-panel">
        {graph.nodes.length === 0 ? (
          <Empty title={store.traffic.length === 0 ? "Nobody has called anybody yet" : "Nothing matches"}>
            {store.traffic.length === 0
              ? "The graph is drawn from what the mesh carries. A pod is in the mesh as soon as a label says so (nodemesh.io/mesh: enabled), and the first connection it opens is an edge here."
              : "Nothing that the filters above leave has traffic."}
          </Empty>
        ) : (
          <GraphView graph={graph} selected={selected} select={select} />
        )}
        <Panel graph={graph} selected={selected} select={select} />
      </div>
    </div>
  );
}

function Check({ label, value, onChange }: { label: string; value: boolean; onChange: (value: boolean) => void }) {
  return (
    <label class="check">
      <input type="checkbox" checked={value} onChange={(event) => onChange(event.currentTarget.checked)} /> {label}
    </label>
  );
}
