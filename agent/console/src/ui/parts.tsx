import type { ComponentChildren } from "preact";
import { type Health, health } from "../graph/graph";
import * as format from "../format";
import type { Place } from "../metrics/scrape";
import type { Summary } from "../metrics/window";
import { workloadPage } from "../router";

export function Dot({ state }: { state: Health }) {
  const words: Record<Health, string> = { good: "does well", poor: "some fail", bad: "many fail", idle: "nothing lately" };
  return <span class={`dot ${state}`} role="img" aria-label={words[state]} title={words[state]} />;
}

/** The name, which leads to its page where it has one. */
export function PlaceName({ place, withNamespace = true }: { place: Place; withNamespace?: boolean }) {
  const name = (
    <>
      {withNamespace && place.namespace !== "" && <span class="faint">{place.namespace}/</span>}
      {place.kind === "service" ? <>{place.name} <span class="tag">Service</span></> : place.name}
    </>
  );
  return place.kind === "workload" ? <a href={workloadPage(place.namespace, place.name)}>{name}</a> : <span>{name}</span>;
}

export function Success({ summary }: { summary: Summary }) {
  return <span class={`success ${health(summary)}`}>{format.percent(summary.success)}</span>;
}

export function Failures({ failures }: { failures: Summary["failures"] }) {
  return failures.length === 0 ? null : (
    <span class="failures">
      {failures.slice(0, 3).map(([why, count]) => (
        <span class="tag bad" key={why}>
          {why} {format.count(count)}
        </span>
      ))}
    </span>
  );
}

export function Section({ title, note, children }: { title: string; note?: ComponentChildren; children: ComponentChildren }) {
  const id = title.toLowerCase().replace(/\W+/g, "-");
  return (
    <section class="section" aria-labelledby={id}>
      <h2 id={id}>
        {title} {note !== undefined && <span class="note">{note}</span>}
      </h2>
      {children}
    </section>
  );
}

/** Says why there is nothing, and what would change that. */
export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <strong>{title}</strong>
      {children && <p>{children}</p>}
    </div>
  );
}

export function Fact({ label, children, state }: { label: string; children: ComponentChildren; state?: Health }) {
  return (
    <div class="fact" data-fact={label}>
      <dt>{label}</dt>
      <dd class={state}>{children}</dd>
    </div>
  );
}
