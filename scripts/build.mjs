// Bundles the operator into one file, which is what the image runs: dist/main.js.
import { build } from 'esbuild';

await build({
  entryPoints: ['src/main.ts'],
  outfile: 'dist/main.js',
  bundle: true,
  platform: 'node',
  target: 'node24',
  format: 'esm',
  // Node.js keeps the text of its programs in memory. The names stay as they are, so that the log's stack traces can be read,
  // and because V8 needs twice the memory for parsing when esbuild shortens them.
  minifyWhitespace: true,
  minifySyntax: true,
  // One character outside of ASCII would double the memory of the text.
  charset: 'ascii',
  sourcemap: 'linked',
  legalComments: 'linked',
  // CommonJS packages in the bundle call require() for Node's own modules, which an ES module does not have.
  banner: {
    js: "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);",
  },
  logLevel: 'warning',
});
