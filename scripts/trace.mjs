// Says where in src/ the lines of a stack trace are: `npm run trace < operator.log`. Of the same commit, `npm run build` makes
// the same bundle, whose source map this reads.
import { readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const mapFile = process.argv[2] ?? fileURLToPath(new URL('../dist/main.js.map', import.meta.url));
const map = new SourceMap(JSON.parse(readFileSync(mapFile, 'utf8')));

/** `/app/main.js:12:345`, also in the JSON of a log line. */
const position = /[^\s("]*main\.js:(\d+):(\d+)/g;

function original(text, line, column) {
  const { fileName, lineNumber, columnNumber } = map.findOrigin(Number(line), Number(column));
  return fileName === undefined ? text : `${fileName.replace(/^(\.\.\/)+/, '')}:${lineNumber}:${columnNumber}`;
}

for await (const line of createInterface({ input: process.stdin })) console.log(line.replaceAll(position, original));
