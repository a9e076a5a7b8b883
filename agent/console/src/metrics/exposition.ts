/** A series of /metrics, the same object in every scrape. */
export interface Series {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

export interface Sample {
  readonly series: Series;
  readonly value: number;
}

/**
 * Reads the Prometheus text format 0.0.4. Labels are parsed once for each series, since the next scrape has the same ones: that is most of the work.
 * Lines it can't read are left out: one odd series must not hide the others.
 */
export class ExpositionReader {
  private known = new Map<string, Series | null>();

  read(text: string): Sample[] {
    const samples: Sample[] = [];
    const seen = new Map<string, Series | null>();
    for (let start = 0; start < text.length; ) {
      let end = text.indexOf("\n", start);
      if (end < 0) {
        end = text.length;
      }
      if (end > start && text[start] !== "#") {
        const line = text.slice(start, end);
        const nameEnd = line.includes("{") ? line.lastIndexOf("}") + 1 : line.indexOf(" ");
        const key = line.slice(0, nameEnd);
        const series = this.known.has(key) ? this.known.get(key)! : parseSeries(key);
        seen.set(key, series);
        const value = parseValue(line.slice(nameEnd).trim().split(" ", 1)[0]!);
        if (series && value !== null) {
          samples.push({ series, value });
        }
      }
      start = end + 1;
    }
    this.known = seen;
    return samples;
  }
}

// name or name{label="value",...}
function parseSeries(key: string): Series | null {
  const open = key.indexOf("{");
  if (key === "" || open === 0) {
    return null;
  }
  const labels: Record<string, string> = {};
  if (open < 0) {
    return { name: key, labels };
  }
  for (let at = open + 1; at < key.length - 1; ) {
    const equals = key.indexOf('="', at);
    if (equals < 0) {
      return null;
    }
    const label = key.slice(at, equals).trim();
    let value = "";
    for (at = equals + 2; at < key.length && key[at] !== '"'; at++) {
      if (key[at] === "\\") {
        at++;
        value += key[at] === "n" ? "\n" : (key[at] ?? "");
      } else {
        value += key[at];
      }
    }
    if (at >= key.length) {
      return null;
    }
    labels[label] = value;
    at++;
    while (key[at] === "," || key[at] === " ") {
      at++;
    }
  }
  return { name: key.slice(0, open), labels };
}

function parseValue(text: string): number | null {
  if (text === "+Inf") {
    return Infinity;
  }
  if (text === "-Inf") {
    return -Infinity;
  }
  const value = text === "" ? NaN : Number(text);
  return Number.isNaN(value) ? null : value;
}
