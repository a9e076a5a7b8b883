import { useMemo, useState } from "preact/hooks";
import * as format from "../format";
import { graphOf, health, type Node, worse } from "../graph/graph";
import { useStore } from "../store";
import { Dot, Empty, PlaceName, Success } from "../ui/parts";
import { Sparkline } from "../ui/Sparkline";

const columns: { name: string; of: (node: Node) => number | string }[] = [
  { name: "Workload", of: (node) => node.id },
  { name: "In", of: (node) => -node.inbound.rate },
  { name: "Success", of: (node) => node.inbound.success ?? 2 },
  { name: "p50", of: (node) => -(node.inbound.p50 ?? -1) },
  { name: "p99", of: (node) => -(node.inbound.p99 ?? -1) },
  { name: "Out", of: (node) => -node.outbound.rate },
  { name: "Its calls succeed", of: (node) => node.outbound.success ?? 2 },
];

/** Every workload there has been traffic of, in a table that can be sorted. */
export function WorkloadsPage() {
  const store = useStore();
  const [text, setText] = useState("");
  const [sorted, setSorted] = useState({ column: 0, isReversed: false });
  const nodes = useMemo(
    () => graphOf(store.traffic, store.window.seconds, { namespace: "", text: "", failing: false, byNamespace: false, silent: true }).nodes.filter((node) => node.place.kind !== "outside"),
    [store.scrapes],
  );
  const of = columns[sorted.column]!.of;
  const rows = nodes
    .filter((node) => `${node.place.namespace}/${node.place.name}`.toLowerCase().includes(text.trim().toLowerCase()))
    .sort((a, b) => {
      const [left, right] = [of(a), of(b)];
      return (left < right ? -1 : left > right ? 1 : a.id < b.id ? -1 : 1) * (sorted.isReversed ? -1 : 1);
    });
  return (
    <div class="page">
      <div class="toolbar">
        <input type="search" placeholder="Search workloads" aria-label="Search workloads" value={text} onInput={(event) => setText(event.currentTarget.value)} />
        <span class="faint">
          {rows.length} of {nodes.length}
        </span>
      </div>
      {nodes.length === 0 ? (
        <Empty title="No workload has been called yet">A pod is in the mesh as soon as a label says so: nodemesh.io/mesh: enabled.</Empty>
      ) : (
        <table class="rows">
          <thead>
            <tr>
              {columns.map((column, index) => (
                <th key={column.name} class={index > 0 ? "number" : ""} aria-sort={sorted.column === index ? (sorted.isReversed ? "descending" : "ascending") : undefined}>
                  <button type="button" onClick={() => setSorted({ column: index, isReversed: sorted.column === index && !sorted.isReversed })}>
                    {column.name}
                  </button>
                </th>
              ))}
              <th class="number">Lately</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((node) => (
              <tr key={node.id} data-workload={node.id}>
                <td>
                  <Dot state={worse(health(node.inbound), health(node.outbound))} /> <PlaceName place={node.place} />
                </td>
                <td class="number">
                  {format.rate(node.inbound.rate)} <span class="faint">{format.unit(node.inbound)}</span>
                </td>
                <td class="number">
                  <Success summary={node.inbound} />
                </td>
                <td class="number">{format.seconds(node.inbound.p50)}</td>
                <td class="number">{format.seconds(node.inbound.p99)}</td>
                <td class="number">{format.rate(node.outbound.rate)}</td>
                <td class="number">
                  <Success summary={node.outbound} />
                </td>
                <td class="number">
                  <Sparkline points={store.history.of(`${node.inbound.rate === 0 ? "out" : "in"} ${node.id}`)} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </div>
  );
}
