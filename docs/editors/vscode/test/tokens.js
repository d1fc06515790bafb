// Tokenises rules with the tokenizer of VS Code, and compares the scopes with the committed ones.
// `node test/tokens.js --update` writes them anew.
"use strict";

const fs = require("node:fs");
const path = require("node:path");
const oniguruma = require("vscode-oniguruma");
const textmate = require("vscode-textmate");

const ROOT = path.join(__dirname, "../../../..");
const GRAMMAR = path.join(__dirname, "../syntaxes/holdline.tmLanguage.json");
const SAMPLES = [
  [path.join(ROOT, "rules/default.rules"), "default.rules.scopes"],
  [path.join(__dirname, "every.rules"), "every.rules.scopes"],
];

async function grammar() {
  const wasm = require.resolve("vscode-oniguruma/release/onig.wasm");
  await oniguruma.loadWASM(fs.readFileSync(wasm).buffer);
  const registry = new textmate.Registry({
    onigLib: Promise.resolve({
      createOnigScanner: (patterns) => new oniguruma.OnigScanner(patterns),
      createOnigString: (text) => new oniguruma.OnigString(text),
    }),
    loadGrammar: async () => textmate.parseRawGrammar(fs.readFileSync(GRAMMAR, "utf8"), GRAMMAR),
  });
  return registry.loadGrammar("source.holdline");
}

// Each line, and below it what each of its pieces is: the innermost scope, without the language.
function scopes(tokenizer, text) {
  const out = [];
  let stack = textmate.INITIAL;
  for (const line of text.split("\n")) {
    const result = tokenizer.tokenizeLine(line, stack);
    stack = result.ruleStack;
    out.push(`|${line}`);
    for (const token of result.tokens) {
      const piece = line.slice(token.startIndex, token.endIndex);
      const scope = token.scopes.at(-1).replace(/\.holdline$/, "");
      if (piece.trim() !== "" && scope !== "source" && !scope.startsWith("meta.")) {
        out.push(`    ${piece.trim().padEnd(24)} ${scope}`);
      } else if (piece.trim() !== "") {
        out.push(`    ${piece.trim().padEnd(24)} -`);
      }
    }
  }
  // What follows the last line must not lie in anything that was left open.
  out.push(`end: ${tokenizer.tokenizeLine("x", stack).tokens[0].scopes.join(" ")}`);
  return `${out.join("\n")}\n`;
}

// The text that a file of scopes is about.
function recorded(wanted) {
  const lines = wanted.split("\n").filter((line) => line.startsWith("|"));
  return lines.map((line) => line.slice(1)).join("\n");
}

// All rules files below a folder.
function below(folder) {
  const entries = fs.readdirSync(folder, { withFileTypes: true });
  return entries.flatMap((entry) => {
    const file = path.join(folder, entry.name);
    return entry.isDirectory() ? below(file) : file.endsWith(".rules") ? [file] : [];
  });
}

// What is wrong with the colours of a policy that is known to be right.
function faults(found) {
  const lines = found.split("\n");
  const wrong = lines.filter((line) => !line.startsWith("|") && / (invalid\.\S+|-)$/.test(line));
  const declared = lines.filter((line) => /^\|(event|rule|invariant|test)\b/.test(line));
  const coloured = lines.filter((line) => / keyword\.declaration\.(?!list)/.test(line));
  if (declared.length !== coloured.length) {
    wrong.push(`${declared.length} declarations, ${coloured.length} coloured as such`);
  }
  if (!lines.includes("end: source.holdline")) {
    wrong.push("something is left open at the end");
  }
  return wrong;
}

async function main() {
  const update = process.argv.includes("--update");
  const tokenizer = await grammar();
  let failed = false;
  const judge = (name, complaint) => {
    failed ||= complaint !== undefined;
    console.log(complaint === undefined ? `ok    ${name}` : `wrong ${name}: ${complaint}`);
  };
  for (const [sample, name] of SAMPLES) {
    const file = path.join(__dirname, name);
    if (update) {
      fs.writeFileSync(file, scopes(tokenizer, fs.readFileSync(sample, "utf8").trimEnd()));
    }
    // The text is the recorded one: a policy that changes does not change the colours.
    const wanted = fs.readFileSync(file, "utf8");
    const [is, was] = [scopes(tokenizer, recorded(wanted)).split("\n"), wanted.split("\n")];
    const at = is.findIndex((line, number) => line !== was[number]);
    judge(name, at < 0 ? undefined : `line ${at + 1}\n  was ${was[at]}\n  is  ${is[at]}`);
  }
  for (const file of below(path.join(ROOT, "rules"))) {
    const found = faults(scopes(tokenizer, fs.readFileSync(file, "utf8").trimEnd()));
    judge(path.relative(ROOT, file), found.length === 0 ? undefined : found.join("\n  "));
  }
  process.exitCode = failed ? 1 : 0;
}

main();
