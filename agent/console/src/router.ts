import { useEffect, useState } from "preact/hooks";

/** Where in the console somebody is: what stands after the # of the address. */
export interface Route {
  readonly page: string;
  readonly parts: readonly string[];
  readonly query: URLSearchParams;
}

function read(): Route {
  const [path = "", query = ""] = location.hash.replace(/^#\/?/, "").split("?", 2);
  const [page = "", ...parts] = path.split("/").map(decodeURIComponent);
  return { page, parts, query: new URLSearchParams(query) };
}

export function useRoute(): Route {
  const [route, setRoute] = useState(read);
  useEffect(() => {
    const follow = () => setRoute(read());
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, []);
  return route;
}

export const go = (hash: string) => {
  location.hash = hash;
};

export const workloadPage = (namespace: string, name: string) => `#/workload/${encodeURIComponent(namespace)}/${encodeURIComponent(name)}`;
