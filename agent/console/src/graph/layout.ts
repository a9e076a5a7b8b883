/** Where nodes and edges are: callers to the left of whom they call, in columns. */
export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly nodes: ReadonlyMap<string, Box>;
  /** By the id of the edge: an SVG path, and where its label goes. */
  readonly edges: ReadonlyMap<string, { readonly path: string; readonly x: number; readonly y: number }>;
}

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly column: number;
}

export interface Shape {
  readonly nodes: readonly { readonly id: string; readonly width: number }[];
  readonly edges: readonly { readonly id: string; readonly source: string; readonly target: string }[];
  /** Between two columns: room for the edges' labels. */
  readonly gap: number;
}

export const nodeHeight = 46;

const rowGap = 32;
const margin = 24;
const sweeps = 12;
// Where on its way an edge has its label: where those that begin together have parted, or those that end together have not yet met.
const labelAt = 0.64;
// Beyond it, edges that pass a column go straight through: room for each of them would be most of the picture.
const mostBends = 1500;

/** A node, or the bend of an edge that passes a column. */
interface Slot {
  readonly id: string;
  readonly isBend: boolean;
  readonly left: Slot[];
  readonly right: Slot[];
  y: number;
}

/**
 * In layers, as Sugiyama et al. have it: (1) callers before whom they call, edges that close a circle turned round, (2) bends where an edge passes a column,
 * (3) each column sorted by where its neighbours are, over and over, (4) moved towards them as far as there is room. Nothing in it is left to chance: the same
 * graph looks the same.
 */
export function layOut(shape: Shape): Layout {
  const columns = columnsOf(shape);
  const slots = new Map<string, Slot>();
  const layers: Slot[][] = [];
  const add = (column: number, id: string, isBend: boolean) => {
    const slot: Slot = { id, isBend, left: [], right: [], y: 0 };
    (layers[column] ??= []).push(slot);
    return slot;
  };
  for (const { id } of shape.nodes) {
    slots.set(id, add(columns.get(id)!, id, false));
  }
  const bends = bendsOf(shape, columns, slots, add);

  for (let sweep = 0; sweep < sweeps; sweep++) {
    order(layers, sweep % 2 === 0);
  }
  place(layers);
  return draw(shape, columns, layers, slots, bends);
}

// :: Step 1
function columnsOf(shape: Shape): Map<string, number> {
  const targets = new Map<string, string[]>(shape.nodes.map((node) => [node.id, []]));
  const callers = new Map<string, number>(shape.nodes.map((node) => [node.id, 0]));
  for (const { source, target } of shape.edges) {
    if (source !== target) {
      targets.get(source)!.push(target);
      callers.set(target, callers.get(target)! + 1);
    }
  }
  // From those whom nobody calls on; in a circle, from the first by name.
  const columns = new Map<string, number>();
  const open = new Set<string>();
  const finished: string[] = [];
  const forward = new Map<string, string[]>();
  const visit = (start: string) => {
    const path: { id: string; next: number }[] = [{ id: start, next: 0 }];
    open.add(start);
    columns.set(start, 0);
    forward.set(start, []);
    while (path.length > 0) {
      const top = path.at(-1)!;
      const target = targets.get(top.id)![top.next++];
      if (target === undefined) {
        path.pop();
        open.delete(top.id);
        finished.push(top.id);
      } else if (!open.has(target)) {
        forward.get(top.id)!.push(target);
        if (!columns.has(target)) {
          columns.set(target, 0);
          forward.set(target, []);
          open.add(target);
          path.push({ id: target, next: 0 });
        }
      }
    }
  };
  const ids = shape.nodes.map((node) => node.id);
  for (const id of [...ids.filter((one) => callers.get(one) === 0), ...ids]) {
    if (!columns.has(id)) {
      visit(id);
    }
  }
  finished.reverse();
  for (const id of finished) {
    for (const target of forward.get(id)!) {
      columns.set(target, Math.max(columns.get(target)!, columns.get(id)! + 1));
    }
  }
  // Who calls only those far to the right stands just before them.
  for (const id of finished.reverse()) {
    const nearest = Math.min(...forward.get(id)!.map((target) => columns.get(target)!));
    if (callers.get(id) === 0 && nearest !== Infinity) {
      columns.set(id, nearest - 1);
    }
  }
  return columns;
}

// :: Step 2
function bendsOf(shape: Shape, columns: Map<string, number>, slots: Map<string, Slot>, add: (column: number, id: string, isBend: boolean) => Slot): Map<string, Slot[]> {
  const spans = shape.edges.map(({ source, target }) => Math.abs(columns.get(target)! - columns.get(source)!));
  const isBent = spans.reduce((sum, span) => sum + Math.max(0, span - 1), 0) <= mostBends;
  const bends = new Map<string, Slot[]>();
  for (const { id, source, target } of shape.edges) {
    const [from, to] = [columns.get(source)!, columns.get(target)!];
    if (from === to) {
      bends.set(id, []);
      continue;
    }
    const [first, last] = from < to ? [source, target] : [target, source];
    const chain: Slot[] = [slots.get(first)!];
    for (let column = Math.min(from, to) + 1; isBent && column < Math.max(from, to); column++) {
      chain.push(add(column, `${id} ${column}`, true));
    }
    chain.push(slots.get(last)!);
    for (let i = 1; i < chain.length; i++) {
      chain[i - 1]!.right.push(chain[i]!);
      chain[i]!.left.push(chain[i - 1]!);
    }
    const own = chain.slice(1, -1);
    bends.set(id, from < to ? own : own.reverse());
  }
  return bends;
}

// :: Step 3
function order(layers: Slot[][], forth: boolean): void {
  for (const layer of layers) {
    layer.forEach((slot, index) => (slot.y = index - layer.length / 2));
  }
  for (const layer of forth ? layers : [...layers].reverse()) {
    const wanted = new Map(layer.map((slot) => [slot, mean(forth ? slot.left : slot.right, (neighbour) => neighbour.y) ?? slot.y]));
    layer.sort((a, b) => wanted.get(a)! - wanted.get(b)! || a.y - b.y);
    layer.forEach((slot, index) => (slot.y = index - layer.length / 2));
  }
}

// :: Step 4
function place(layers: Slot[][]): void {
  for (const layer of layers) {
    let y = 0;
    for (const slot of layer) {
      slot.y = y;
      y += height(slot) + rowGap;
    }
    layer.forEach((slot) => (slot.y -= y / 2));
  }
  for (let sweep = 0; sweep < sweeps; sweep++) {
    for (const layer of sweep % 2 === 0 ? layers : [...layers].reverse()) {
      const wanted = layer.map((slot) => mean([...slot.left, ...slot.right], middle) ?? middle(slot));
      spread(layer, wanted);
    }
  }
  const top = Math.min(...layers.flat().map((slot) => slot.y));
  layers.flat().forEach((slot) => (slot.y += margin - top));
}

// As near to what is wanted as the order and the room allow: neighbours that want the same place share the way that is missing.
function spread(layer: Slot[], wanted: number[]): void {
  const blocks: { from: number; to: number; at: number; size: number; sum: number }[] = [];
  layer.forEach((slot, index) => {
    const size = height(slot) + rowGap;
    let block = { from: index, to: index, size, sum: wanted[index]! - height(slot) / 2, at: wanted[index]! - height(slot) / 2 };
    for (let above = blocks.at(-1); above && above.at + above.size > block.at; above = blocks.at(-1)) {
      blocks.pop();
      const count = above.to - above.from + 1;
      const own = block.to - block.from + 1;
      // Sums of where each block's top would be if only its own slots were asked.
      const sum = above.sum + block.sum - own * above.size;
      block = { from: above.from, to: block.to, size: above.size + block.size, sum, at: sum / (count + own) };
    }
    blocks.push(block);
  });
  for (const block of blocks) {
    let y = block.at;
    for (let index = block.from; index <= block.to; index++) {
      layer[index]!.y = y;
      y += height(layer[index]!) + rowGap;
    }
  }
}

function draw(shape: Shape, columns: Map<string, number>, layers: Slot[][], slots: Map<string, Slot>, bends: Map<string, Slot[]>): Layout {
  const widths: number[] = layers.map(() => 0);
  for (const { id, width } of shape.nodes) {
    widths[columns.get(id)!] = Math.max(widths[columns.get(id)!]!, width);
  }
  const lefts: number[] = [];
  let right = margin;
  for (const width of widths) {
    lefts.push(right);
    right += width + shape.gap;
  }
  const nodes = new Map<string, Box>();
  for (const { id, width } of shape.nodes) {
    const column = columns.get(id)!;
    nodes.set(id, { x: lefts[column]! + (widths[column]! - width) / 2, y: slots.get(id)!.y, width, height: nodeHeight, column });
  }
  const edges = new Map<string, { path: string; x: number; y: number }>();
  const [callers, called] = [countBy(shape.edges.map((one) => one.target)), countBy(shape.edges.map((one) => one.source))];
  for (const { id, source, target } of shape.edges) {
    const between = bends.get(id)!.map((slot) => {
      const column = Number(slot.id.slice(slot.id.lastIndexOf(" ") + 1));
      return { left: lefts[column]!, right: lefts[column]! + widths[column]!, y: middle(slot) };
    });
    const isOfMany = callers.get(target)! > called.get(source)!;
    edges.set(id, edge(nodes.get(source)!, nodes.get(target)!, between, isOfMany ? 1 - labelAt : labelAt));
  }
  const bottom = Math.max(0, ...layers.flat().map((slot) => slot.y + height(slot)));
  return { width: right - shape.gap + margin, height: bottom + margin, nodes, edges };
}

function edge(from: Box, to: Box, bends: { left: number; right: number; y: number }[], t: number): { path: string; x: number; y: number } {
  const isForward = from.column < to.column;
  const start = { x: isForward ? from.x + from.width : from.x, y: from.y + from.height / 2 };
  const end = { x: isForward ? to.x : to.x + to.width, y: to.y + to.height / 2 };
  if (from.column === to.column) {
    // Within a column, or to itself: around the right side.
    const out = from.x + from.width;
    const [y1, y2] = from === to ? [start.y - 10, start.y + 10] : [start.y, end.y];
    return { path: `M${out} ${y1} C${out + 70} ${y1} ${out + 70} ${y2} ${to.x + to.width} ${y2}`, x: out + 50, y: (y1 + y2) / 2 };
  }
  let path = `M${round(start.x)} ${round(start.y)}`;
  let at = start;
  const curve = (x: number, y: number) => {
    const half = (x - at.x) / 2;
    path += ` C${round(at.x + half)} ${round(at.y)} ${round(x - half)} ${round(y)} ${round(x)} ${round(y)}`;
    at = { x, y };
  };
  const first = bends[0] ? { x: isForward ? bends[0].left : bends[0].right, y: bends[0].y } : end;
  const label = onCurve(start, first, t);
  for (const bend of bends) {
    curve(isForward ? bend.left : bend.right, bend.y);
    at = { x: isForward ? bend.right : bend.left, y: bend.y };
    path += ` L${round(at.x)} ${round(at.y)}`;
  }
  curve(end.x, end.y);
  return { path, ...label };
}

function onCurve(start: { x: number; y: number }, end: { x: number; y: number }, t: number): { x: number; y: number } {
  // Of the curve that leaves and arrives level, with control points half way between.
  const ease = 3 * (1 - t) * t * t + t ** 3;
  const across = 1.5 * (1 - t) * t + t ** 3;
  return { x: start.x + (end.x - start.x) * across, y: start.y + (end.y - start.y) * ease };
}

const height = (slot: Slot) => (slot.isBend ? 0 : nodeHeight);
const middle = (slot: Slot) => slot.y + height(slot) / 2;
const mean = (slots: Slot[], of: (slot: Slot) => number) => (slots.length === 0 ? null : slots.reduce((sum, slot) => sum + of(slot), 0) / slots.length);

function countBy(ids: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  ids.forEach((id) => counts.set(id, (counts.get(id) ?? 0) + 1));
  return counts;
}

const round = (value: number) => Math.round(value * 10) / 10;
