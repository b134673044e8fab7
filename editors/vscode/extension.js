// Starts `roux lsp` for recipes and hands everything else to it.
const { workspace } = require("vscode");
const { LanguageClient } = require("vscode-languageclient/node");

let client;

exports.activate = () => {
  const command = workspace.getConfiguration("roux").get("path");
  client = new LanguageClient("roux", "Roux", { command, args: ["lsp"] }, { documentSelector: [{ language: "roux" }] });
  return client.start();
};

exports.deactivate = () => client?.stop();
