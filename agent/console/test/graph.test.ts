import assert from "node:assert/strict";
import { test } from "node:test";
import * as format from "../src/format";
import { layOut, type Shape } from "../src/graph/layout";

const shapeOf = (...edges: [string, string][]): Shape => ({
  nodes: [...new Set(edges.flat())].map((id) => ({ id, width: 130 })),
  edges: edges.map(([source, target]) => ({ id: `${source} ${target}`, source, target })),
  gap: 100,
});

test("callers stand to the left of whom they call", () => {
  const { nodes } = layOut(shapeOf(["a", "b"], ["b", "c"], ["a", "c"], ["x", "c"]));
  assert.ok(nodes.get("a")!.x < nodes.get("b")!.x && nodes.get("b")!.x < nodes.get("c")!.x);
  // Who calls but one stands just before it.
  assert.equal(nodes.get("x")!.column, 1);
});

test("circles and calls to oneself are drawn, too", () => {
  const { nodes, edges } = layOut(shapeOf(["a", "b"], ["b", "c"], ["c", "a"], ["c", "c"]));
  assert.equal(nodes.size, 3);
  assert.equal(edges.size, 4);
  for (const { path } of edges.values()) {
    assert.doesNotMatch(path, /NaN|undefined|Infinity/);
  }
});

test("nodes of a column do not lie on each other, whatever the graph", () => {
  let seed = 7;
  const random = (below: number) => (seed = (seed * 48271) % 2147483647) % below;
  for (let round = 0; round < 30; round++) {
    const edges = new Map<string, [string, string]>();
    for (let i = 0; i < 60; i++) {
      const edge: [string, string] = [`n${random(25)}`, `n${random(25)}`];
      edges.set(edge.join(" "), edge);
    }
    const boxes = [...layOut(shapeOf(...edges.values())).nodes.values()];
    for (const [i, a] of boxes.entries()) {
      for (const b of boxes.slice(i + 1)) {
        assert.ok(a.column !== b.column || Math.abs(a.y - b.y) >= a.height, `${JSON.stringify(a)} ${JSON.stringify(b)}`);
      }
    }
  }
});

test("the same graph looks the same", () => {
  const shape = shapeOf(["a", "b"], ["a", "c"], ["b", "d"], ["c", "d"], ["d", "a"]);
  assert.deepEqual([...layOut(shape).nodes], [...layOut(shape).nodes]);
});

test("99.99 % is never shown as 100 %", () => {
  assert.equal(format.percent(0.99999), "99.9 %");
  assert.equal(format.percent(1), "100 %");
  assert.equal(format.percent(null), "–");
});

test("thousands are set apart", () => {
  assert.deepEqual([999, 1000, 1234567].map(format.count), ["999", "1 000", "1 234 567"]);
});
