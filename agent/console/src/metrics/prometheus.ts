import { ApiError, ask } from "../api";
import { trafficFamilies } from "./scrape";
import type { Sample, Series } from "./series";

/** Long enough for two scrapes of a Prometheus that scrapes every thirty seconds. */
export const windowSeconds = 120;

const labels =
  "direction, protocol, security, source_namespace, source_workload, destination_namespace, destination_workload, destination_version, destination_service, route, status, grpc_status, reason, le";

interface Answer {
  readonly status: string;
  readonly error?: string;
  readonly data?: { readonly result: readonly { readonly metric: Record<string, string>; readonly value: readonly [number, string] }[] };
}

/**
 * What all nodes counted, as the Prometheus knows it: as two scrapes, now and {@link windowSeconds} ago, so that everything else is as with one node's /metrics. The
 * older one is the newer less what Prometheus says it has grown by, since only Prometheus knows where a node began to count anew.
 */
export async function readAll(): Promise<{ now: Sample[]; before: Sample[] }> {
  const answers = await Promise.all(
    trafficFamilies.flatMap((family) => [query(family, `sum by (${labels}) (${family})`), query(family, `sum by (${labels}) (increase(${family}[${windowSeconds}s]))`)]),
  );
  const [now, before]: [Sample[], Sample[]] = [[], []];
  for (let i = 0; i < answers.length; i += 2) {
    const grown = answers[i + 1]!;
    for (const [key, { series, value }] of answers[i]!) {
      now.push({ series, value });
      // A series that is new has no increase yet: all of it may be from just now, or from long ago.
      before.push({ series, value: value - (grown.get(key)?.value ?? 0) });
    }
  }
  return { now, before };
}

async function query(name: string, expression: string): Promise<Map<string, Sample>> {
  const answer = (await (await ask(`prometheus?query=${encodeURIComponent(expression)}`)).json()) as Answer;
  if (answer.status !== "success" || !answer.data) {
    throw new ApiError(0, `Prometheus: ${answer.error ?? "no answer"}`);
  }
  return new Map(
    answer.data.result.map(({ metric, value }) => {
      const series: Series = { name, labels: metric };
      return [JSON.stringify(Object.entries(metric).sort()), { series, value: Number(value[1]) }];
    }),
  );
}
