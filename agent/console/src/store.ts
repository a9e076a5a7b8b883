import { useEffect, useReducer } from "preact/hooks";
import { ApiError, ask, change, askJson, askText, type Config, type Pod, type PolicyStatus, type Problem, type Rollout, type Session } from "./api";
import { History } from "./metrics/history";
import { ExpositionReader } from "./metrics/exposition";
import { readAll, windowSeconds } from "./metrics/prometheus";
import { Scrape } from "./metrics/scrape";
import { type Traffic, Window } from "./metrics/window";

const pollMilliseconds = 2_000;
const windowMilliseconds = 10_000;
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
  config: Config | null = null;
  pods: readonly Pod[] = [];
  capture = "";
  problems: readonly Problem[] = [];
  rollouts: readonly Rollout[] = [];
  policies: readonly PolicyStatus[] = [];
  /** Empty: the node is ready. */
  notReady: readonly string[] = [];
  /** Of this node's own metrics. */
  readonly node = new Window(windowMilliseconds);
  /** Of the traffic that is shown. */
  window = this.node;
  history = new History();

  private readonly reader = new ExpositionReader();
  private readonly listeners = new Set<() => void>();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private isAsking = false;
  private askedAllAt = -Infinity;

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
      const [metrics, pods, problems, rollouts, ready] = await Promise.all([
        askText("metrics"),
        askJson<{ capture: string; pods: Pod[] }>("pods"),
        askJson<Problem[]>("problems"),
        askJson<Rollout[]>("rollouts"),
        ask("readyz"),
      ]);
      const scrape = new Scrape(this.reader.read(metrics), performance.now());
      this.node.add(scrape);
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
      [this.pods, this.capture, this.problems, this.rollouts] = [pods.pods, pods.capture, problems, rollouts];
      this.notReady = ready.ok ? [] : (await ready.text()).trim().split("\n");
      // It is long, and seldom another.
      if (this.config?.version !== scrape.sum("nodemesh_config_version")) {
        [this.config, this.policies] = await Promise.all([askJson<Config>("config"), askJson<PolicyStatus[]>("policies")]);
      }
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
