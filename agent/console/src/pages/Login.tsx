import { useState } from "preact/hooks";
import { logIn } from "../api";
import { store } from "../store";

/** For who comes from elsewhere: the token, for a cookie. */
export function Login({ why }: { why: string }) {
  const [token, setToken] = useState("");
  const [problem, setProblem] = useState("");
  const submit = async (event: Event) => {
    event.preventDefault();
    try {
      await logIn(token.trim());
      store.renew();
    } catch (error) {
      setProblem((error as Error).message);
    }
  };
  return (
    <form class="login" onSubmit={submit}>
      <h1>Console</h1>
      <p>{why[0]!.toUpperCase() + why.slice(1)}.</p>
      <label>
        Token
        <input type="password" autocomplete="current-password" required value={token} onInput={(event) => setToken(event.currentTarget.value)} />
      </label>
      <button type="submit">Log in</button>
      {problem && <p role="alert">{problem}</p>}
    </form>
  );
}
