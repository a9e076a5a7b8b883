// node build.mjs: the page into dist/, which the agent embeds.
// node build.mjs test: bundles the tests for node's own test runner, and runs them.
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";

const common = { bundle: true, jsx: "automatic", jsxImportSource: "preact", logLevel: "warning", target: "es2022" };

if (process.argv[2] === "test") {
  const out = mkdtempSync(join(tmpdir(), "nodemesh-console-"));
  try {
    const tests = readdirSync("test").filter((name) => name.endsWith(".test.ts"));
    await build({ ...common, entryPoints: tests.map((name) => `test/${name}`), outdir: out, outExtension: { ".js": ".mjs" }, format: "esm", platform: "node" });
    const run = spawnSync(process.execPath, ["--test", ...tests.map((name) => join(out, name.replace(/ts$/, "mjs")))], { stdio: "inherit" });
    process.exitCode = run.status ?? 1;
  } finally {
    rmSync(out, { recursive: true });
  }
} else {
  rmSync("dist", { recursive: true, force: true });
  await build({ ...common, entryPoints: { console: "src/main.tsx", style: "src/style.css" }, outdir: "dist", format: "esm", minify: true, legalComments: "eof" });
  cpSync("static", "dist", { recursive: true });
}
