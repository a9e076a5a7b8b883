/** Cumulative counts by upper bound ("le"), as a Prometheus histogram has them; several series add up to one. */
export class Histogram {
  private readonly counts = new Map<number, number>();

  add(bound: number, cumulative: number): void {
    this.counts.set(bound, (this.counts.get(bound) ?? 0) + cumulative);
  }

  addAll(other: Histogram): void {
    for (const [bound, count] of other.counts) {
      this.add(bound, count);
    }
  }

  /** What was observed since an earlier state of the same series. */
  since(earlier: Histogram | undefined): Histogram {
    const difference = new Histogram();
    for (const [bound, count] of this.counts) {
      difference.counts.set(bound, Math.max(0, count - (earlier?.counts.get(bound) ?? 0)));
    }
    return difference;
  }

  /** The value below which this share of the observations lies, linear inside its bucket like Prometheus' histogram_quantile; null: nothing was observed. */
  quantile(share: number): number | null {
    const buckets = [...this.counts].sort((a, b) => a[0] - b[0]);
    const total = buckets.at(-1)?.[1] ?? 0;
    if (total <= 0) {
      return null;
    }
    const rank = share * total;
    let lower = 0;
    let below = 0;
    for (const [bound, count] of buckets) {
      if (count >= rank && count > below) {
        return bound === Infinity ? lower : lower + ((bound - lower) * (rank - below)) / (count - below);
      }
      lower = bound;
      below = count;
    }
    return lower;
  }
}
