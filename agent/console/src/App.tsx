import { useEffect, useRef, useState } from "preact/hooks";
import { GraphPage } from "./pages/GraphPage";
import { Login } from "./pages/Login";
import { NodePage } from "./pages/NodePage";
import { TapPage } from "./pages/TapPage";
import { WorkloadPage } from "./pages/WorkloadPage";
import { WorkloadsPage } from "./pages/WorkloadsPage";
import { go, type Route, useRoute } from "./router";
import { type Scope, useStore } from "./store";
import { Help } from "./ui/Help";
import { nextTheme, useTheme } from "./ui/theme";

const tabs = [
  { page: "", name: "Graph" },
  { page: "workloads", name: "Workloads" },
  { page: "node", name: "Node" },
  { page: "tap", name: "Tap" },
];

export function App() {
  const store = useStore();
  const route = useRoute();
  const [theme, setTheme] = useTheme();
  const [help, setHelp] = useState(false);
  const main = useRef<HTMLElement>(null);

  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || (event.target as Element).closest("input, select, textarea")) {
        return;
      }
      const tab = tabs[Number(event.key) - 1];
      if (tab) {
        go(`/${tab.page}`);
      } else if (event.key === "p") {
        store.pause(!store.isPaused);
      } else if (event.key === "/") {
        const search = document.querySelector<HTMLInputElement>("input[type=search]");
        search?.focus();
        search?.select();
      } else if (event.key === "?") {
        setHelp((shown) => !shown);
      } else {
        return;
      }
      event.preventDefault();
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, []);

  const current = route.page === "workload" ? "workloads" : route.page;
  return (
    <div class="console" data-scrapes={store.scrapes} data-seconds={store.window.seconds} data-window={store.window.size}>
      <a class="skip" href="#main" onClick={(event) => (event.preventDefault(), main.current?.focus())}>
        Skip to the content
      </a>
      <header class="top">
        <a class="brand" href="#/">
          <img src="icon.svg" alt="" width="22" height="22" /> NodeMesh
        </a>
        <nav aria-label="Pages">
          {tabs.map((tab) => (
            <a key={tab.page} href={`#/${tab.page}`} aria-current={tab.page === current ? "page" : undefined}>
              {tab.name}
            </a>
          ))}
        </nav>
        <div class="end">
          {store.session?.hasPrometheus && (
            <select aria-label="Whose traffic" value={store.scope} onChange={(event) => store.show(event.currentTarget.value as Scope)}>
              <option value="node">this node</option>
              <option value="all">all nodes</option>
            </select>
          )}
          <Status />
          {store.session?.isLoggedIn && (
            <button type="button" class="quiet" onClick={() => void store.logOut()}>
              Log out
            </button>
          )}
          <button type="button" class="quiet" aria-pressed={store.isPaused} title="Pause (p)" onClick={() => store.pause(!store.isPaused)}>
            {store.isPaused ? "Go on" : "Pause"}
          </button>
          <button type="button" class="quiet" title="Light, dark, or as the system has it" onClick={() => setTheme(nextTheme(theme))}>
            {theme}
          </button>
          <button type="button" class="quiet" title="Keys (?)" aria-label="Keys" onClick={() => setHelp(true)}>
            ?
          </button>
        </div>
      </header>
      {store.error && (
        <div class="banner" role="alert">
          {store.error} {store.scrapes > 0 ? "What is shown is from before; it is tried again every two seconds." : "It is tried again every two seconds."}
        </div>
      )}
      <main id="main" tabIndex={-1} ref={main}>
        {store.locked ? <Login why={store.locked} /> : store.scrapes === 0 ? !store.error && <p class="waiting">Asking the agent…</p> : <Page {...route} />}
      </main>
      {help && <Help close={() => setHelp(false)} />}
    </div>
  );
}

function Page({ page, parts, query }: Route) {
  switch (page) {
    case "":
      return <GraphPage />;
    case "workloads":
      return <WorkloadsPage />;
    case "workload":
      return <WorkloadPage key={parts.join("/")} namespace={parts[0] ?? ""} name={parts[1] ?? ""} />;
    case "node":
      return <NodePage />;
    case "tap":
      return <TapPage key={query.toString()} query={query} />;
    default:
      return (
        <p class="waiting">
          There is no such page. <a href="#/">To the graph</a>
        </p>
      );
  }
}

function Status() {
  const store = useStore();
  if (store.locked) {
    return null;
  }
  const state = store.error ? "bad" : store.isPaused ? "idle" : store.notReady.length > 0 ? "poor" : "good";
  const text = store.error ? "no answer" : store.isPaused ? "paused" : store.notReady.length > 0 ? "not ready" : "live";
  return (
    <a class="status" href="#/node" title={store.notReady.join("\n") || undefined}>
      <span class={`dot ${state} ${text === "live" ? "beats" : ""}`} /> {store.session?.node ?? ""} <span class="faint">{text}</span>
    </a>
  );
}
