import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { buildSync } from 'esbuild';

test('the positions of a stack trace in the bundle are translated to those in the sources', () => {
  const directory = mkdtempSync(join(tmpdir(), 'irsa-trace-'));
  try {
    const source = join(directory, 'role.ts');
    writeFileSync(source, 'const name: string = "r";\n\n\nexport const fail = () => { throw new Error(name); };\n');
    const outfile = join(directory, 'main.js');
    buildSync({ entryPoints: [source], outfile, minifyWhitespace: true, sourcemap: 'linked', format: 'esm' });
    const bundle = readFileSync(outfile, 'utf8');
    const column = bundle.indexOf('throw') + 1;
    const line = JSON.stringify({
      message: 'failed',
      stack: `Error: r\n    at fail (file:///app/main.js:1:${column})`,
    });
    const options = {
      input: `${line}\nanother line\n`,
      encoding: 'utf8',
      env: { ...process.env, NODE_OPTIONS: '' },
    } as const;
    const told = execFileSync('node', ['scripts/trace.mjs', `${outfile}.map`], options);
    expect(told).toBe(`${line.replace(/file:.*main\.js:\d+:\d+/, 'role.ts:4:29')}\nanother line\n`);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
