// Starts `holdline lsp` for rules files and hands it to the editor's own client.
"use strict";

const vscode = require("vscode");
const { LanguageClient, TransportKind } = require("vscode-languageclient/node");

let client;

async function start() {
  const command = vscode.workspace.getConfiguration("holdline").get("server.path", "holdline");
  if (!command) {
    return;
  }
  const server = { command, args: ["lsp"], transport: TransportKind.stdio };
  const options = {
    documentSelector: [{ language: "holdline" }],
    synchronize: {
      // Included files and lists may change where no editor has them open.
      fileEvents: vscode.workspace.createFileSystemWatcher("**/*.{rules,txt}"),
    },
  };
  client = new LanguageClient("holdline", "Holdline", server, options);
  try {
    await client.start();
  } catch (error) {
    client = undefined;
    vscode.window.showWarningMessage(
      `Holdline: \`${command} lsp\` does not start (${error.message}). ` +
        "Set `holdline.server.path`, or empty it to have colours only.",
    );
  }
}

async function stop() {
  const running = client;
  client = undefined;
  await running?.stop();
}

exports.activate = async (context) => {
  context.subscriptions.push(
    vscode.workspace.onDidChangeConfiguration(async (change) => {
      if (change.affectsConfiguration("holdline.server.path")) {
        await stop();
        await start();
      }
    }),
  );
  await start();
};

exports.deactivate = stop;
