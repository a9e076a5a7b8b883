import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { type ApiError, change } from "../api";
import { diff } from "../diff";
import * as format from "../format";
import type { RouteFacts } from "../mesh";
import { useStore } from "../store";
import { Login } from "../pages/Login";

interface Shown {
  readonly where: string;
  readonly version: string;
  readonly before: string;
  readonly after: string;
}

/** Other weights for the backends of a rule: first what they change in the YAML, then, if that is what was meant, the change. */
export function WeightEditor({ route, close }: { route: RouteFacts; close: () => void }) {
  const store = useStore();
  const dialog = useRef<HTMLDialogElement>(null);
  const [weights, setWeights] = useState(route.backends.map((backend) => backend.weight));
  const [shown, show] = useState<Shown | null>(null);
  const [problem, setProblem] = useState("");
  const [isBusy, setBusy] = useState(false);
  // As soon as it is there: what is typed meanwhile is for nobody in a dialog that is not open yet.
  useLayoutEffect(() => dialog.current?.showModal(), []);

  const ask = async (version?: string) => {
    setBusy(true);
    setProblem("");
    try {
      const answer = await change("weights", store.session!, { route: route.rule.route, rule: route.rule.name, weights, version });
      if (version) {
        store.pollNow();
        close();
      } else {
        show((await answer.json()) as Shown);
      }
    } catch (error) {
      show(null);
      setProblem((error as ApiError).message);
    } finally {
      setBusy(false);
    }
  };
  const set = (index: number, value: number) => {
    const next = weights.map((weight, other) => (other === index ? value : weight));
    // Of two that make a hundred, the other gets the rest.
    if (weights.length === 2 && weights[0]! + weights[1]! === 100 && value <= 100) {
      next[1 - index] = 100 - value;
    }
    setWeights(next);
    show(null);
  };
  const all = weights.reduce((sum, weight) => sum + weight, 0);
  const isSame = weights.every((weight, index) => weight === route.backends[index]!.weight);

  return (
    <dialog ref={dialog} class="editor" aria-label="Weights" onClose={close}>
      <h2>
        Weights of {route.rule.route} <span class="faint">rule {route.rule.name}</span>
      </h2>
      {store.session?.needsToken ? (
        <Login why="A change needs the console's token, also on this machine" />
      ) : (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            void ask(shown?.version);
          }}
        >
          {route.backends.map((backend, index) => (
            <label key={`${backend.service}:${backend.port}`} data-edit={backend.service}>
              <span class="who">
                {backend.service}:{backend.port}
              </span>
              <input type="range" min="0" max={Math.max(100, all)} value={weights[index]} tabIndex={-1} aria-hidden="true" onInput={(event) => set(index, Number(event.currentTarget.value))} />
              <input type="number" min="0" max="1000000" step="1" required value={weights[index]} onInput={(event) => set(index, Math.max(0, Math.trunc(Number(event.currentTarget.value))))} />
              <span class="faint">{format.percent(all > 0 ? weights[index]! / all : 0)}</span>
            </label>
          ))}
          {problem && (
            <p class="bad" role="alert">
              {problem}
            </p>
          )}
          {shown && (
            <>
              <p class="faint">{shown.where}</p>
              <pre class="diff" tabIndex={0} aria-label="What would change">
                {diff(shown.before, shown.after).map((line, index) => (
                  <div key={index} class={line.kind}>
                    {line.kind === "removed" ? "−" : line.kind === "added" ? "+" : " "} {line.kind === "gap" ? "⋯" : line.text}
                  </div>
                ))}
              </pre>
            </>
          )}
          <div class="buttons">
            <button type="button" onClick={() => dialog.current?.close()}>
              Leave it
            </button>
            <button type="submit" class="primary" disabled={isBusy || isSame || all === 0}>
              {shown ? "Apply" : "Show the change"}
            </button>
          </div>
        </form>
      )}
    </dialog>
  );
}
