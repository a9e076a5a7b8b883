/** A series of /metrics, the same object in every scrape. */
export interface Series {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

export interface Sample {
  readonly series: Series;
  readonly value: number;
}

/** Series as the agent sends them: each word once, the buckets of a histogram in one row. */
export interface SeriesTable {
  readonly families: readonly {
    readonly name: string;
    readonly labels: readonly string[];
    /** Of a histogram, for the label "le". */
    readonly bounds: readonly string[];
    /** As many indices of words as there are labels, then a value; of a histogram one for each bound. */
    readonly rows: readonly (readonly number[])[];
  }[];
  readonly words: readonly string[];
}

/** Makes samples of tables. Series are made once, since the next table has the same ones: that is most of the work. */
export class SeriesReader {
  private known = new Map<string, readonly Series[]>();

  read({ families, words }: SeriesTable): Sample[] {
    const samples: Sample[] = [];
    const seen = new Map<string, readonly Series[]>();
    for (const { name, labels, bounds, rows } of families) {
      for (const row of rows) {
        let key = name;
        for (let i = 0; i < labels.length; i++) {
          key += `\n${words[row[i]!]}`;
        }
        const series = this.known.get(key) ?? seriesOf(name, labels, bounds, row.slice(0, labels.length).map((index) => words[index]!));
        seen.set(key, series);
        for (let i = labels.length; i < row.length; i++) {
          samples.push({ series: series[i - labels.length]!, value: row[i]! });
        }
      }
    }
    this.known = seen;
    return samples;
  }
}

function seriesOf(name: string, labels: readonly string[], bounds: readonly string[], values: readonly string[]): Series[] {
  const own = Object.fromEntries(labels.map((label, index) => [label, values[index]!]));
  return bounds.length === 0 ? [{ name, labels: own }] : bounds.map((le) => ({ name, labels: { ...own, le } }));
}
