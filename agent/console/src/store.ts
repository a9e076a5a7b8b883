import { useEffect, useReducer } from "preact/hooks";
import { ApiError, askJson, change, type NodeState, type Pod, type Problem, type Session, type WorkloadState } from "./api";
import { History } from "./metrics/history";
import { readAll, windowSeconds } from "./metrics/prometheus";
import { nodeFamilies, Scrape, trafficFamilies } from "./metrics/scrape";
import { SeriesReader, type SeriesTable } from "./metrics/series";
import { type Traffic, Window } from "./metrics/window";

const pollMilliseconds = 2_000;
const windowMilliseconds = 10_000;
const series = `series?of=${[...trafficFamilies, ...nodeFamilies].join(",")}`;
// Prometheus knows nothing newer sooner.
const everyNodeMilliseconds = 10_000;

/** Whose traffic is shown. */
export type Scope = "node" | "all";

/** What all pages show: the latest answers of the agent, asked for again and again as long as somebody looks. */
export class Store {
  session: Session | null = null;
  /** The token is needed; says why. */
  locked: string | null = null;
  /** Why there is nothing newer than what is shown. */
  error: string | null = null;
  isPaused = false;
  scope: Scope = "node";
  /** How many scrapes there have been. */
  scrapes = 0;
  traffic: readonly Traffic[] = [];
  pods: readonly Pod[] = [];
  owners: Readonly<Record<string, string>> = {};
  capture = "";
  problems: readonly Problem[] = [];
  /** Empty: the node is ready. */
  notReady: readonly string[] = [];
  /** Of the workload whose page is open; null: none is, or nothing was said of it yet. */
  workload: WorkloadState | null = null;
  /** Of this node's own metrics. */
  readonly node = new Window(windowMilliseconds);
  /** Of the traffic that is shown. */
  window = this.node;
  history = new History();

  private readonly reader = new SeriesReader();
  private readonly listeners = new Set<() => void>();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private isAsking = false;
  private askedAllAt = -Infinity;
  /** What is asked of the workload whose page is open. */
  private question: string | null = null;

  start(): void {
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) {
        this.pollNow();
      }
    });
    this.pollNow();
  }

  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  pause(isPaused: boolean): void {
    this.isPaused = isPaused;
    this.changed();
    this.pollNow();
  }

  show(scope: Scope): void {
    this.scope = scope;
    this.window = scope === "node" ? this.node : new Window(windowSeconds * 1000);
    this.history = new History();
    this.askedAllAt = -Infinity;
    this.traffic = this.window.traffic();
    this.changed();
    this.pollNow();
  }

  /** The page of a workload is open (null: of none): it is asked for at once, and then with all else. */
  open(workload: { namespace: string; name: string } | null): void {
    this.question = workload && `workload?namespace=${encodeURIComponent(workload.namespace)}&name=${encodeURIComponent(workload.name)}`;
    this.workload = null;
    if (this.question) {
      // What goes wrong with it is told with the next look.
      this.readWorkload().then(() => this.changed(), () => {});
    }
  }

  /** Also after the token was shown. */
  pollNow(): void {
    clearTimeout(this.timer);
    if (this.isPaused || document.hidden || this.isAsking) {
      return;
    }
    this.isAsking = true;
    void this.poll().finally(() => {
      this.isAsking = false;
      this.changed();
      this.timer = setTimeout(() => this.pollNow(), pollMilliseconds);
    });
  }

  /** What may be done has changed: the token was shown. */
  renew(): void {
    this.session = null;
    this.pollNow();
  }

  async logOut(): Promise<void> {
    await change("logout", this.session!, {});
    this.renew();
  }

  private async poll(): Promise<void> {
    try {
      this.session ??= await askJson<Session>("session");
      const [table, node] = await Promise.all([askJson<SeriesTable>(series), askJson<NodeState>("node"), this.readWorkload()]);
      this.node.add(new Scrape(this.reader.read(table), performance.now()));
      const scope = this.scope;
      if (scope === "all" && performance.now() - this.askedAllAt >= everyNodeMilliseconds) {
        const { now, before } = await readAll();
        if (this.scope === scope) {
          this.askedAllAt = performance.now();
          this.window = new Window(windowSeconds * 1000);
          this.window.add(new Scrape(before, this.askedAllAt - windowSeconds * 1000));
          this.window.add(new Scrape(now, this.askedAllAt));
        }
      }
      this.traffic = this.window.traffic();
      this.history.add(this.traffic, this.window.seconds);
      [this.pods, this.owners, this.capture, this.problems, this.notReady] = [node.pods, node.owners, node.capture, node.problems, node.notReady];
      this.scrapes++;
      [this.error, this.locked] = [null, null];
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) {
        this.locked = error.message;
        this.session = null;
      } else {
        this.error = error instanceof Error ? error.message : String(error);
        // Another agent, which has another word, may be there next time.
        this.session = null;
      }
    }
  }

  private async readWorkload(): Promise<void> {
    const question = this.question;
    const state = question && (await askJson<WorkloadState>(question));
    // Another page may be open by now.
    if (state && this.question === question) {
      this.workload = state;
    }
  }

  private changed(): void {
    for (const listener of this.listeners) {
      listener();
    }
  }
}

export const store = new Store();

/** The store; the component is drawn anew whenever something in it has changed. */
export function useStore(): Store {
  const [, redraw] = useReducer<number, void>((count) => count + 1, 0);
  useEffect(() => store.subscribe(() => redraw()), []);
  return store;
}
