// node draw.mjs PROMETHEUS FROM TO PICTURES BOARD...
// Draws each dashboard as a PNG of its name, and fails where a panel had no answer at all.
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import * as esbuild from 'esbuild';
import { chromium } from 'playwright-core';

const [prometheus, from, to, pictures, ...boards] = process.argv.slice(2);
const here = import.meta.dirname;
const values = {
  job: '.+', instance: '.+', ai_version: '.+', window: '7d', __rate_interval: '30s', datasource: 'prometheus',
};

await esbuild.build({
  entryPoints: [path.join(here, 'panels.tsx')],
  outfile: path.join(here, 'out', 'panels.js'),
  bundle: true, minify: true, format: 'iife', platform: 'browser', logLevel: 'error',
  define: { 'process.env.NODE_ENV': '"production"', global: 'window' },
  loader: Object.fromEntries(['svg', 'png', 'woff', 'woff2', 'ttf'].map((end) => [`.${end}`, 'dataurl'])),
});
const script = fs.readFileSync(path.join(here, 'out', 'panels.js'));
const style = fs.readFileSync(path.join(here, 'node_modules', 'uplot', 'dist', 'uPlot.min.css'), 'utf8');

let page;
const server = http.createServer((request, response) => {
  response.setHeader('content-type', request.url === '/panels.js' ? 'text/javascript' : 'text/html; charset=utf-8');
  response.end(request.url === '/panels.js' ? script : page);
}).listen(0, '127.0.0.1');

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'],
});
const tab = await browser.newPage({ viewport: { width: 1400, height: 900 } });
tab.on('pageerror', (error) => console.error(String(error)));
let wrong = 0;
for (const file of boards) {
  const board = JSON.parse(fs.readFileSync(file));
  const drawing = { board, prometheus, from: Number(from), to: Number(to), values, result: {} };
  page = `<!doctype html><style>${style}</style><body style="margin:0"><div id="root"></div>
    <script>window.process={env:{}};window.drawing=${JSON.stringify(drawing)}</script><script src="/panels.js"></script>`;
  await tab.goto(`http://127.0.0.1:${server.address().port}/`);
  const asking = board.panels.filter((panel) => panel.type !== 'row').length;
  await tab.waitForFunction((n) => Object.keys(window.drawing.result).length >= n, asking, { timeout: 30000 });
  await tab.waitForTimeout(700);
  const result = Object.values(await tab.evaluate(() => window.drawing.result));
  for (const panel of result.filter((one) => !one.series)) {
    wrong += panel.error ? 1 : 0;
    console.log(`${board.uid}: ${panel.title}: ${panel.error ?? 'no data'}`);
  }
  await tab.screenshot({ path: path.join(pictures, `${board.uid}.png`), fullPage: true });
}
await browser.close();
server.close();
process.exitCode = wrong ? 1 : 0;
