import { render } from "preact";
import { App } from "./App";
import { store } from "./store";

store.start();
render(<App />, document.getElementById("console")!);
