export interface DiffLine {
  readonly kind: "same" | "removed" | "added" | "gap";
  readonly text: string;
}

const context = 3;

/** Line by line, with three lines around each change. The longest common subsequence, which is quick for the few hundred lines that a resource has. */
export function diff(before: string, after: string): DiffLine[] {
  const [a, b] = [before.replace(/\n$/, "").split("\n"), after.replace(/\n$/, "").split("\n")];
  const width = b.length + 1;
  const common = new Uint32Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      common[i * width + j] = a[i] === b[j] ? common[(i + 1) * width + j + 1]! + 1 : Math.max(common[(i + 1) * width + j]!, common[i * width + j + 1]!);
    }
  }
  const all: DiffLine[] = [];
  for (let i = 0, j = 0; i < a.length || j < b.length; ) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      all.push({ kind: "same", text: a[i]! });
      i++;
      j++;
    } else if (i < a.length && (j === b.length || common[(i + 1) * width + j]! >= common[i * width + j + 1]!)) {
      all.push({ kind: "removed", text: a[i++]! });
    } else {
      all.push({ kind: "added", text: b[j++]! });
    }
  }
  return around(all);
}

function around(lines: readonly DiffLine[]): DiffLine[] {
  const shown = lines.map((_, index) => lines.slice(Math.max(0, index - context), index + context + 1).some((line) => line.kind !== "same"));
  return lines.flatMap((line, index) => (shown[index] ? [line] : index === 0 || shown[index - 1] ? [{ kind: "gap" as const, text: "" }] : []));
}
