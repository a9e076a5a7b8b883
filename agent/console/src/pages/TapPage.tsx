import { useEffect, useReducer, useRef, useState } from "preact/hooks";
import * as format from "../format";
import { Tap, type TapQuery, type TapRecord } from "../tap";
import { Empty } from "../ui/parts";

/** Requests and connections as they end. */
export function TapPage({ query }: { query: URLSearchParams }) {
  const [, redraw] = useReducer<number, void>((count) => count + 1, 0);
  const tap = useRef<Tap>();
  tap.current ??= new Tap(() => redraw());
  const [asked, setAsked] = useState<TapQuery>({ target: query.get("target") ?? "", path: "", method: "", status: "" });
  const [opened, open] = useState<number | null>(null);
  const { state, problem, records, leftOut } = tap.current;

  useEffect(() => {
    if (query.has("target")) {
      tap.current!.start(asked);
    }
    return () => tap.current!.stop();
  }, []);

  const field = (name: keyof TapQuery, placeholder: string, label: string, size: number) => (
    <input placeholder={placeholder} aria-label={label} size={size} value={asked[name]} onInput={(event) => setAsked({ ...asked, [name]: event.currentTarget.value })} />
  );
  const submit = (event: Event) => {
    event.preventDefault();
    if (state === "off") {
      tap.current!.start(asked);
    } else {
      tap.current!.stop();
    }
  };
  return (
    <div class="page wide">
      <form class="toolbar" onSubmit={submit}>
        {field("target", "namespace/name of a pod or Service", "Pod or Service", 32)}
        {field("path", "/path…", "Beginning of the path", 16)}
        {field("method", "GET", "Method", 6)}
        {field("status", "404,5xx", "Statuses", 8)}
        <button type="submit" class={state === "off" ? "primary" : ""}>
          {state === "off" ? "Watch" : "Stop"}
        </button>
        <span class="faint" data-tap={state}>
          {state === "on" ? "watching" : state === "begins" ? "begins…" : ""}
          {records.length > 0 && ` ${records.length === 500 ? "the last 500" : records.length}`}
          {leftOut > 0 && `, ${format.count(leftOut)} left out`}
        </span>
      </form>
      {problem && (
        <p class="bad" role="alert">
          {problem}
        </p>
      )}
      {records.length === 0 ? (
        <Empty title={state === "on" ? "Nothing has ended yet" : "Nobody watches"}>
          {state === "on" ? "Requests and connections are shown as they end." : "Watch a pod, a Service, or everything. Nothing waits for a watcher; at most 100 a second are told, and how many were left out."}
        </Empty>
      ) : (
        <table class="rows tap">
          <thead>
            <tr>
              <th>Time</th>
              <th>From</th>
              <th>To</th>
              <th>What</th>
              <th class="number">Status</th>
              <th class="number">Took</th>
              <th class="number">In</th>
              <th class="number">Out</th>
              <th>Ended by the mesh</th>
            </tr>
          </thead>
          <tbody>
            {records.map((record) => (
              <Row key={record.id} record={record} isOpen={opened === record.id} toggle={() => open(opened === record.id ? null : record.id)} />
            ))}
          </tbody>
        </table>
      )}
    </div>
  );
}

const text = (record: TapRecord, ...fields: string[]) => String(fields.map((field) => record[field]).find((value) => value !== null && value !== undefined && value !== "") ?? "");

function Row({ record, isOpen, toggle }: { record: TapRecord; isOpen: boolean; toggle: () => void }) {
  const status = Number(record.status ?? 0);
  const failed = Boolean(record.nodemesh_error) || status >= 500 || (record.method && status === 0) || Number(record.grpc_status ?? 0) > 0;
  return (
    <>
      <tr class={failed ? "failed" : ""} data-tapped={text(record, "path")}>
        <td class="name">
          <button type="button" class="quiet" aria-expanded={isOpen} onClick={toggle}>
            {text(record, "start_time").slice(11, 23)}
          </button>
        </td>
        <td class="name">{text(record, "source_pod", "source_address")}</td>
        <td class="name">
          {text(record, "destination_pod", "endpoint", "destination_address")} <span class="faint">{text(record, "service")}</span>
        </td>
        <td class="what">
          {record.method ? (
            <>
              <span class="faint">{record.method}</span> {record.path}
            </>
          ) : (
            <span class="faint">
              {record.protocol} {record.server_name}
            </span>
          )}
        </td>
        <td class={`number ${failed ? "bad" : ""}`}>
          {record.method ? record.status : ""} {text(record, "grpc_status") && <span class="faint">grpc {record.grpc_status}</span>}
        </td>
        <td class="number">{format.seconds(Number(record.duration ?? 0) / 1000)}</td>
        <td class="number">{format.bytes(Number(record.bytes_received ?? 0))}</td>
        <td class="number">{format.bytes(Number(record.bytes_sent ?? 0))}</td>
        <td>
          {record.nodemesh_error && <span class="tag bad">{record.nodemesh_error}</span>} <span class="faint">{text(record, "policy")}</span>
        </td>
      </tr>
      {isOpen && (
        <tr>
          <td colSpan={9}>
            <dl class="pairs fields">
              {Object.entries(record)
                .filter(([name, value]) => name !== "id" && value !== null)
                .map(([name, value]) => (
                  <>
                    <dt>{name}</dt>
                    <dd>{value}</dd>
                  </>
                ))}
            </dl>
          </td>
        </tr>
      )}
    </>
  );
}
