// page.mjs - what the browser tests share: a server to look at, and a headless chromium that reports what it saw.
// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process';
import { mkdtemp, mkdir, rm } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const binary = process.env.BELFRY ?? 'build/release/belfry';

// Below those that the system gives to whoever asks for any: nobody gets it by chance before it is used.
async function freePort() {
  for (;;) {
    const port = 10000 + Math.floor(Math.random() * 22000);
    const server = createServer();
    const isFree = await new Promise((done) => {
      server.once('error', () => done(false));
      server.listen(port, '127.0.0.1', () => server.close(() => done(true)));
    });
    if (isFree) return port;
  }
}

// Starts the binary on an empty database; resolves to {url, stop} when it answers.
export async function startServer() {
  const dir = await mkdtemp(join(tmpdir(), 'belfry-browser-'));
  const port = await freePort();
  await mkdir(join(dir, 'jobs'));
  const args = ['serve', '--listen', `127.0.0.1:${port}`, '--db', join(dir, 'belfry.db'), '--jobs-dir', join(dir, 'jobs')];
  const child = spawn(binary, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = new Promise((done) => { child.on('exit', done); child.on('error', done); });
  let words = '';
  child.stderr.on('data', (piece) => { words = (words + piece).slice(-4000); });
  const url = `http://127.0.0.1:${port}`;
  const stop = async () => {
    child.kill('SIGTERM');
    const late = setTimeout(() => child.kill('SIGKILL'), 60000);
    await ended;
    clearTimeout(late);
    await rm(dir, { recursive: true, force: true });
  };
  for (let i = 0; i < 600; i++) {
    if (await fetch(`${url}/livez`).then((r) => r.ok, () => false)) return { url, stop };
    if (child.exitCode !== null || child.pid === undefined) break;
    await new Promise((done) => setTimeout(done, 100));
  }
  await stop();
  throw new Error(`${binary} serve does not answer: ${words}`);
}

export async function startBrowser() {
  const executablePath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync);
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu'] });
}

// Opens url in a page of its own; seen collects what must stay empty: errors, refused loads, requests to other hosts.
export async function openPage(browser, url, options = {}) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const seen = { errors: [], foreign: [], failed: [] };
  page.on('pageerror', (e) => seen.errors.push(String(e)));
  page.on('console', (m) => { if (['error', 'warning'].includes(m.type())) seen.errors.push(m.text()); });
  page.on('request', (r) => {
    if (!r.url().startsWith(new URL(url).origin) && !r.url().startsWith('data:')) seen.foreign.push(r.url());
  });
  page.on('response', (r) => { if (r.status() >= 400) seen.failed.push(`${r.status()} ${r.url()}`); });
  const response = await page.goto(url, { waitUntil: 'load', timeout: 120000 });
  return { page, seen, response, close: () => context.close() };
}
