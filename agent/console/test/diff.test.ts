import assert from "node:assert/strict";
import { test } from "node:test";
import { diff } from "../src/diff";

const lines = (before: string, after: string) => diff(before, after).map(({ kind, text }) => `${{ same: " ", removed: "-", added: "+", gap: "…" }[kind]}${text}`);

test("what changed is shown with three lines around it", () => {
  const text = Array.from({ length: 20 }, (_, index) => `line ${index}`).join("\n") + "\n";
  assert.deepEqual(lines(text, text.replace("line 10\n", "line ten\n")), ["…", " line 7", " line 8", " line 9", "-line 10", "+line ten", " line 11", " line 12", " line 13", "…"]);
});

test("a line that is new, one that is gone, and nothing at all", () => {
  assert.deepEqual(lines("a\nb\n", "a\nx\nb\n"), [" a", "+x", " b"]);
  assert.deepEqual(lines("a\nb\n", "b\n"), ["-a", " b"]);
  assert.deepEqual(lines("a\n", "a\n"), ["…"]);
});
