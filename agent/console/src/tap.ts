import { ApiError } from "./api";

/** A request or a connection that is over, with the fields of access logs; or how many were left out. */
export interface TapRecord {
  readonly id: number;
  readonly [field: string]: string | number | null;
}

export interface TapQuery {
  readonly target: string;
  readonly path: string;
  readonly method: string;
  readonly status: string;
}

const kept = 500;

/** One watch of live traffic: from start to stop, or until the agent ends it. */
export class Tap {
  records: readonly TapRecord[] = [];
  /** Of the agent: more than it tells in a second. */
  leftOut = 0;
  state: "off" | "begins" | "on" = "off";
  problem = "";

  private controller: AbortController | null = null;
  private last = 0;

  constructor(private readonly changed: () => void) {}

  start(query: TapQuery): void {
    this.stop();
    const controller = new AbortController();
    this.controller = controller;
    [this.records, this.leftOut, this.problem, this.state] = [[], 0, "", "begins"];
    this.changed();
    this.watch(addressOf(query), controller.signal)
      .then(() => this.ended(controller, "The watch has ended: the agent was stopped or replaced. Start it again."))
      .catch((error: unknown) => this.ended(controller, error instanceof Error ? error.message : String(error)));
  }

  stop(): void {
    this.controller?.abort();
    this.controller = null;
    this.state = "off";
    this.changed();
  }

  private ended(controller: AbortController, why: string): void {
    if (this.controller === controller) {
      this.controller = null;
      [this.state, this.problem] = ["off", why];
      this.changed();
    }
  }

  private async watch(address: string, signal: AbortSignal): Promise<void> {
    let response: Response;
    try {
      response = await fetch(address, { signal, credentials: "same-origin" });
    } catch {
      throw new ApiError(0, "The agent does not answer.");
    }
    if (!response.ok) {
      throw new ApiError(response.status, (await response.text()).trim());
    }
    this.state = "on";
    this.changed();
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    for (let rest = ""; ; ) {
      const { done, value } = await reader.read();
      if (done) {
        return;
      }
      const lines = (rest + value).split("\n");
      rest = lines.pop()!;
      this.take(lines);
    }
  }

  private take(lines: readonly string[]): void {
    const fresh: TapRecord[] = [];
    for (const line of lines.filter((one) => one !== "")) {
      try {
        const said = JSON.parse(line) as Record<string, string | number | null>;
        if (typeof said.left_out === "number") {
          this.leftOut += said.left_out;
        } else {
          fresh.push({ ...said, id: ++this.last });
        }
      } catch {
        // A line of a newer agent: the next is as good.
      }
    }
    if (fresh.length > 0) {
      this.records = [...fresh.reverse(), ...this.records].slice(0, kept);
    }
    this.changed();
  }
}

// As `nodemesh tap` has it: pod/NAMESPACE/NAME, service/NAMESPACE/NAME, or NAMESPACE/NAME, which may be either.
function addressOf({ target, path, method, status }: TapQuery): string {
  const query = new URLSearchParams();
  const [kind, name] = /^(pod|service|svc)\/(.+)$/.exec(target)?.slice(1) ?? ["", target];
  const full = name === "" || name!.includes("/") ? name! : `default/${name}`;
  if (full !== "" && kind !== "service" && kind !== "svc") {
    query.set("pod", full);
  }
  if (full !== "" && kind !== "pod") {
    query.set("service", full);
  }
  for (const [field, value] of Object.entries({ path, method, status })) {
    if (value !== "") {
      query.set(field, value);
    }
  }
  return `api/tap?${query}`;
}
