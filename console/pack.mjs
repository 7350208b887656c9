// Compresses what Vite has made, once and thoroughly, and refuses a console that has grown too large.
import {readdirSync, readFileSync, statSync, writeFileSync} from 'node:fs';
import {gzipSync} from 'node:zlib';

const limit = 100 * 1000;
const files = ['dist/index.html', ...readdirSync('dist/console').map((name) => `dist/console/${name}`)];

let total = 0;
for (const file of files) {
  const bytes = readFileSync(file);
  const packed = gzipSync(bytes, {level: 9});
  const saves = packed.length < bytes.length;
  if (saves) writeFileSync(`${file}.gz`, packed);
  const size = saves ? packed.length : statSync(file).size;
  total += size;
  console.log(`${String(size).padStart(7)} bytes  ${file}`);
}
console.log(`${String(total).padStart(7)} bytes compressed, of at most ${limit}`);
if (total > limit) process.exit(1);
