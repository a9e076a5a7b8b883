import { useEffect, useRef } from "preact/hooks";

const keys = [
  ["1 2 3 4", "Graph, Workloads, Node, Tap"],
  ["/", "Search"],
  ["p", "Pause, go on"],
  ["← → ↑ ↓", "In the graph: to the caller, to whom it calls, up and down"],
  ["Enter", "Open the workload"],
  ["+ − 0", "Zoom in, out, fit"],
  ["Esc", "Choose nothing, close"],
  ["?", "These keys"],
] as const;

export function Help({ close }: { close: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} class="help" aria-label="Keys" onClose={close} onClick={(event) => event.target === dialog.current && close()}>
      <h2>Keys</h2>
      <dl>
        {keys.map(([key, does]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
    </dialog>
  );
}
