import { Component, type FunctionComponent, h } from "preact";

/** Draws a component anew only when one of its properties is another. */
export function memo<P extends object>(component: FunctionComponent<P>): FunctionComponent<P> {
  class Memo extends Component<P> {
    override shouldComponentUpdate(next: P): boolean {
      const [now, then] = [this.props as Record<string, unknown>, next as Record<string, unknown>];
      const names = Object.keys(then);
      return names.length !== Object.keys(now).filter((name) => name !== "children").length || names.some((name) => now[name] !== then[name]);
    }

    override render() {
      return h(component, this.props as P);
    }
  }
  return Memo as unknown as FunctionComponent<P>;
}
