// docs_test.mjs - /docs as a reader meets it: offline, under a strict policy, in both lights, on a phone, and usable.
// SPDX-License-Identifier: Apache-2.0
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { startServer, startBrowser, openPage } from './page.mjs';

let server, browser;

before(async () => {
  server = await startServer();
  browser = await startBrowser();
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

async function openDocs(options) {
  const opened = await openPage(browser, `${server.url}/docs`, options);
  await opened.page.waitForSelector('.opblock', { timeout: 120000 });
  return opened;
}

function nothingWrong(seen) {
  assert.deepEqual(seen, { errors: [], foreign: [], failed: [] });
}

test('every operation of /openapi.json is on the page', async () => {
  const { page, seen, close } = await openDocs();
  const api = await (await fetch(`${server.url}/openapi.json`)).json();
  const methods = ['get', 'put', 'post', 'delete', 'patch', 'head', 'options'];
  const expected = Object.entries(api.paths)
    .flatMap(([path, item]) => methods.filter((m) => item[m]).map((m) => `${m.toUpperCase()} ${path}`));
  for (const closed of await page.$$('.opblock-tag[data-is-open="false"]')) await closed.click();
  const shown = await page.$$eval('.opblock-summary', (rows) => rows.map((row) => {
    const path = row.querySelector('.opblock-summary-path, .opblock-summary-path__deprecated');
    return `${row.querySelector('.opblock-summary-method').textContent} ${path.getAttribute('data-path')}`;
  }));
  assert.ok(expected.length >= 7, `only ${expected.length} operations`);
  assert.deepEqual(shown.sort(), expected.sort());
  nothingWrong(seen);
  await close();
});

test('the policy forbids inline scripts and other hosts', async () => {
  const { response, close } = await openDocs();
  const policy = response.headers()['content-security-policy'];
  assert.match(policy, /default-src 'none'/);
  assert.match(policy, /script-src 'self'(;|$)/);
  assert.match(policy, /style-src 'self'(;|$)/);
  assert.match(policy, /frame-ancestors 'none'/);
  assert.doesNotMatch(policy, /unsafe|https?:|\*/);
  await close();
});

test('a request tried out from the page reaches the server', async () => {
  const { page, seen, close } = await openDocs();
  const row = page.locator('.opblock-get').filter({ has: page.locator('[data-path="/api/v1/jobs"]') }).first();
  await row.locator('.opblock-summary').click();
  await row.locator('.execute').click();
  await row.locator('.live-responses-table .response-col_status').first().waitFor({ timeout: 60000 });
  assert.match(await row.locator('.live-responses-table').innerText(), /200[\s\S]*"total"/);
  nothingWrong(seen);
  await close();
});

for (const colorScheme of ['light', 'dark']) {
  test(`text can be read in a ${colorScheme} browser`, async () => {
    const { page, seen, close } = await openDocs({ colorScheme });
    const contrast = await page.evaluate(() => {
      const rgb = (text) => text.match(/[\d.]+/g).slice(0, 3).map((c) => {
        const v = c / 255;
        return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
      });
      const light = (text) => { const [r, g, b] = rgb(text); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
      const ground = light(getComputedStyle(document.documentElement).backgroundColor);
      const text = light(getComputedStyle(document.querySelector('.info .title')).color);
      return { ratio: (Math.max(ground, text) + 0.05) / (Math.min(ground, text) + 0.05), ground };
    });
    assert.ok(contrast.ratio > 7, `contrast ${contrast.ratio}`);
    assert.equal(contrast.ground < 0.5, colorScheme === 'dark');
    nothingWrong(seen);
    await close();
  });
}

for (const width of [390, 1280]) {
  for (const colorScheme of ['light', 'dark']) {
    test(`${width} pixels, ${colorScheme}: nothing scrolls sideways, forms included`, async () => {
      const { page, seen, close } = await openDocs({ viewport: { width, height: 800 }, colorScheme });
      for (const method of ['get', 'post', 'patch']) {
        await page.locator(`.opblock-${method} .opblock-summary`).first().click();
        await page.locator(`.opblock-${method} .opblock-body .responses-table`).first().waitFor({ timeout: 60000 });
        const wide = await page.evaluate(() => document.documentElement.scrollWidth);
        assert.ok(wide <= width, `with a ${method} open the page is ${wide} pixels wide`);
      }
      nothingWrong(seen);
      await close();
    });
  }
}

test('the form for a new job holds a body that can be sent', async () => {
  const { page, seen, close } = await openDocs();
  const row = page.locator('.opblock-post').filter({ has: page.locator('[data-path="/api/v1/jobs"]') }).first();
  await row.locator('.opblock-summary').click();
  const body = JSON.parse(await row.locator('textarea.body-param__text').inputValue());
  assert.deepEqual(Object.keys(body), ['job_id', 'from_file']);
  nothingWrong(seen);
  await close();
});
