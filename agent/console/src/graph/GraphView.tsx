import { useMemo, useRef, useState } from "preact/hooks";
import * as format from "../format";
import { go, workloadPage } from "../router";
import type { Security } from "../security";
import { LockShape } from "../ui/Lock";
import { memo } from "../ui/memo";
import { useCamera } from "./camera";
import { type Edge, type Graph, health, type Node, worse } from "./graph";
import { type Box, type Layout, layOut } from "./layout";

// Beyond these, labels would cover each other and moving dots cost more than they say.
const mostLabels = 60;
const mostMoving = 120;

const leastWidth = 128;
const mostWidth = 220;
const characterWidth = 7.1;
const smallCharacterWidth = 6.1;
const rateCharacterWidth = 6.6;
const lockWidth = 13;

interface Props {
  readonly graph: Graph;
  readonly selected: string | null;
  readonly select: (id: string | null) => void;
}

/** The picture. Every node and edge is an element of its own, which can be clicked; nodes are reached by the arrow keys. */
export function GraphView({ graph, selected, select }: Props) {
  const isLabelled = graph.edges.length <= mostLabels;
  const shape = [...graph.nodes.map((node) => node.id), "", ...graph.edges.map((edge) => edge.id)].join("\n");
  const layout = useMemo(
    () =>
      layOut({
        nodes: graph.nodes.map((node) => ({ id: node.id, width: widthOf(node) })),
        edges: graph.edges,
        gap: isLabelled ? 176 : 120,
      }),
    [shape, isLabelled],
  );
  const { svg, camera } = useCamera(layout);
  const [hovered, hover] = useState<string | null>(null);
  const focused = useRef<string | null>(null);

  const current = hovered ?? selected;
  const near = useMemo(() => neighbourhood(graph, current), [graph, current]);
  // The one that Tab comes to.
  const entry = graph.nodes.find((node) => node.id === (focused.current ?? selected))?.id ?? graph.nodes[0]?.id;

  const focus = (id: string) => {
    focused.current = id;
    select(id);
    svg.current!.querySelector<SVGElement>(`[data-node="${CSS.escape(id)}"]`)?.focus();
    camera.show(layout.nodes.get(id)!);
  };
  const press = (event: KeyboardEvent) => {
    const id = (event.target as Element).closest("[data-node]")?.getAttribute("data-node");
    const next = id ? neighbour(event.key, id, graph, layout) : null;
    if (next) {
      focus(next);
    } else if (event.key === "Enter" && id) {
      open(graph.nodes.find((node) => node.id === id)!);
    } else if (event.key === "Escape") {
      select(null);
    } else if (event.key === "+" || event.key === "-") {
      camera.zoom(event.key === "+" ? 1.25 : 0.8);
    } else if (event.key === "0") {
      camera.fit();
    } else {
      return;
    }
    event.preventDefault();
  };

  return (
    <div class="graph">
      <svg ref={svg} class={near ? "focused" : ""} onKeyDown={press} onClick={(event) => event.target === svg.current && select(null)} role="group" aria-label={`${graph.nodes.length} workloads, ${graph.edges.length} edges`}>
        <defs>
          {(["good", "poor", "bad", "idle"] as const).map((state) => (
            <marker key={state} id={`arrow-${state}`} class={state} viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" markerUnits="userSpaceOnUse" orient="auto">
              <path d="M0 0.5 L7.5 4 L0 7.5 Z" />
            </marker>
          ))}
        </defs>
        <g class="picture">
          {graph.edges.map((edge) => (
            <EdgeShape key={edge.id} {...edgeProps(edge, layout, near, selected)} isLabelled={isLabelled} isMoving={graph.edges.length <= mostMoving} select={select} hover={hover} />
          ))}
          {graph.nodes.map((node) => (
            <NodeShape key={node.id} {...nodeProps(node, layout.nodes.get(node.id)!, near, selected)} isEntry={node.id === entry} select={select} hover={hover} open={open} />
          ))}
        </g>
      </svg>
      <div class="zoom">
        <button type="button" aria-label="Zoom in" title="Zoom in (+)" onClick={() => camera.zoom(1.25)}>
          +
        </button>
        <button type="button" aria-label="Zoom out" title="Zoom out (−)" onClick={() => camera.zoom(0.8)}>
          −
        </button>
        <button type="button" aria-label="Fit" title="Fit (0)" onClick={() => camera.fit()}>
          ⤢
        </button>
      </div>
    </div>
  );
}

function open(node: Pick<Node, "place">): void {
  if (node.place.kind === "workload" && node.place.namespace !== "") {
    go(workloadPage(node.place.namespace, node.place.name).slice(1));
  }
}

// Room for the name, and below it for the namespace and a rate.
const widthOf = (node: Node) => Math.min(mostWidth, Math.max(leastWidth, node.place.name.length * characterWidth + 36, (node.place.namespace.length + 15) * smallCharacterWidth + 24));

/** What is chosen, and what it touches; null: nothing is. */
function neighbourhood(graph: Graph, id: string | null): Set<string> | null {
  const edges = id === null ? [] : graph.edges.filter((edge) => edge.id === id || edge.source === id || edge.target === id);
  if (id === null || (edges.length === 0 && !graph.nodes.some((node) => node.id === id))) {
    return null;
  }
  return new Set([id, ...edges.flatMap((edge) => [edge.id, edge.source, edge.target])]);
}

function neighbour(key: string, id: string, graph: Graph, layout: Layout): string | null {
  const own = layout.nodes.get(id);
  if (!own) {
    return null;
  }
  const candidates =
    key === "ArrowRight" ? graph.edges.filter((edge) => edge.source === id && edge.target !== id).map((edge) => edge.target)
    : key === "ArrowLeft" ? graph.edges.filter((edge) => edge.target === id && edge.source !== id).map((edge) => edge.source)
    : key === "ArrowUp" || key === "ArrowDown" ? graph.nodes.map((node) => node.id).filter((other) => {
        const box = layout.nodes.get(other)!;
        return box.column === own.column && (key === "ArrowUp" ? box.y < own.y : box.y > own.y);
      })
    : [];
  const distance = (other: string) => Math.abs(layout.nodes.get(other)!.y - own.y);
  return candidates.sort((a, b) => distance(a) - distance(b))[0] ?? null;
}

function nodeProps(node: Node, box: Box, near: Set<string> | null, selected: string | null) {
  const carries = node.inbound.rate > 0 || node.outbound.rate === 0 ? node.inbound : node.outbound;
  return {
    id: node.id,
    kind: node.place.kind,
    name: node.place.name,
    namespace: node.place.namespace,
    detail: `${format.rate(carries.rate)} ${carries === node.inbound ? "in" : "out"}`,
    state: worse(health(node.inbound), health(node.outbound)),
    x: box.x, y: box.y, width: box.width, height: box.height,
    isNear: near?.has(node.id) ?? false,
    isSelected: node.id === selected,
  };
}

type NodeProps = ReturnType<typeof nodeProps> & { isEntry: boolean; select: (id: string) => void; hover: (id: string | null) => void; open: (node: Pick<Node, "place">) => void };

const NodeShape = memo(function NodeShape(node: NodeProps) {
  const room = Math.floor((node.width - 30) / characterWidth);
  const name = node.name.length > room ? `${node.name.slice(0, room - 1)}…` : node.name;
  return (
    <g
      class={`node ${node.state} ${node.kind} ${node.isNear ? "near" : ""} ${node.isSelected ? "selected" : ""}`}
      transform={`translate(${node.x} ${node.y})`}
      data-node={node.id}
      role="button"
      // In SVG the name's case counts.
      tabindex={node.isEntry ? 0 : -1}
      aria-label={`${node.name}${node.namespace ? ` in ${node.namespace}` : ""}, ${node.detail}`}
      aria-pressed={node.isSelected}
      onClick={() => node.select(node.id)}
      onDblClick={() => node.open({ place: { id: node.id, kind: node.kind, namespace: node.namespace, name: node.name } })}
      onPointerEnter={() => node.hover(node.id)}
      onPointerLeave={() => node.hover(null)}
    >
      <rect class="box" width={node.width} height={node.height} rx="7" />
      <rect class="stripe" x="0.75" y="9" width="3.5" height={node.height - 18} rx="1.75" />
      <text class="name" x="15" y="20">
        {name}
      </text>
      <text class="detail" x="15" y="36">
        {node.kind === "service" ? "Service · " : node.namespace ? `${node.namespace} · ` : ""}
        {node.detail}
      </text>
      {name !== node.name && <title>{node.name}</title>}
    </g>
  );
});

function edgeProps(edge: Edge, layout: Layout, near: Set<string> | null, selected: string | null) {
  const { path, x, y } = layout.edges.get(edge.id)!;
  const { rate, success, p99, hasRequests } = edge.summary;
  return {
    id: edge.id,
    path, x, y, rate, success, p99, hasRequests,
    state: health(edge.summary),
    protocol: edge.protocols.join(" "),
    security: edge.security.join(" "),
    // Ten times the traffic, one and a half points more.
    width: Math.round((rate > 0 ? 1.4 + Math.max(0, Math.log10(rate + 1)) * 1.3 : 1.2) * 4) / 4,
    // How long a dash takes for its way: faster where there is more.
    pace: rate === 0 ? "still" : rate < 1 ? "slow" : rate < 20 ? "medium" : "fast",
    label: rate === 0 && success === null ? "idle" : `${format.rate(rate)}${hasRequests ? "" : " conn"}`,
    detail: [success !== null && success < 1 ? format.percent(success) : "", p99 === null ? "" : format.seconds(p99)].filter((text) => text !== "").join(" · "),
    isNear: near?.has(edge.id) ?? false,
    isSelected: edge.id === selected,
  };
}

type EdgeProps = ReturnType<typeof edgeProps> & { isLabelled: boolean; isMoving: boolean; select: (id: string) => void; hover: (id: string | null) => void };

const EdgeShape = memo(function EdgeShape(edge: EdgeProps) {
  const detail = [edge.protocol, edge.detail].filter((text) => text !== "").join(" · ");
  const rateWidth = edge.label.length * rateCharacterWidth;
  const width = Math.max(rateWidth + lockWidth, detail.length * 5.6) + 12;
  return (
    <g
      class={`edge ${edge.state} ${edge.pace} ${edge.isNear ? "near" : ""} ${edge.isSelected ? "selected" : ""}`}
      data-edge={edge.id}
      data-rate={edge.rate}
      data-success={edge.success ?? ""}
      data-p99={edge.p99 ?? ""}
      data-protocol={edge.protocol}
      data-security={edge.security}
      onClick={() => edge.select(edge.id)}
      onPointerEnter={() => edge.hover(edge.id)}
      onPointerLeave={() => edge.hover(null)}
    >
      <path class="hit" d={edge.path} />
      <path class="line" d={edge.path} stroke-width={edge.width} marker-end={`url(#arrow-${edge.state})`} />
      {edge.isMoving && edge.pace !== "still" && <path class="flow" d={edge.path} stroke-width={edge.width} />}
      {(edge.isLabelled || edge.isNear) && (
        <g class="label" transform={`translate(${edge.x} ${edge.y})`}>
          <rect x={-width / 2} y="-15" width={width} height="30" rx="5" />
          {edge.security !== "" && (
            <g transform={`translate(${-(rateWidth + lockWidth) / 2} -13)`}>
              <LockShape security={edge.security.split(" ") as Security[]} />
            </g>
          )}
          <text class="rate" x={lockWidth / 2} y="-3">
            {edge.label}
          </text>
          <text class="detail" y="9.5">
            {detail}
          </text>
        </g>
      )}
    </g>
  );
});
