// What the linters of the ecosystem say about the schema.
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import graphqlEslint from "./eslint.config.mjs";
import { ESLint } from "eslint";
import { assert, check } from "./checks.mjs";

const SCHEMA = "../../graphql_schema/schema.graphql";

// All of them, but for the alphabetical order of fields and values: the order is for people.
const RULES = [
  "arguments-have-descriptions",
  "defined-types-are-used",
  "deprecations-have-a-reason",
  "descriptions-are-capitalized",
  "enum-values-all-caps",
  "enum-values-have-descriptions",
  "fields-are-camel-cased",
  "fields-have-descriptions",
  "input-object-values-are-camel-cased",
  "input-object-values-have-descriptions",
  "relay-connection-arguments-spec",
  "relay-connection-types-spec",
  "relay-page-info-spec",
  "types-are-capitalized",
  "types-have-descriptions",
];

await check("graphql-schema-linter finds nothing", async () => {
  const linter = ["node_modules/graphql-schema-linter/lib/cli.js", "--format", "compact", "--rules", RULES.join()];
  const failed = await promisify(execFile)(process.execPath, [...linter, SCHEMA]).catch((failure) => failure);
  assert.equal(failed.stdout.trim(), "");
});

await check("graphql-eslint finds nothing", async () => {
  const eslint = new ESLint({ overrideConfigFile: true, overrideConfig: graphqlEslint });
  const [{ messages }] = await eslint.lintText(await readFile(SCHEMA, "utf8"), { filePath: "schema.graphql" });
  assert.deepEqual(messages.map(({ line, ruleId, message }) => `${line} ${ruleId}: ${message}`), []);
});

process.exit();
