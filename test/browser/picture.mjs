// picture.mjs - takes docs/images/docs.png again, after `make test` has brought what it needs: node test/browser/picture.mjs
// SPDX-License-Identifier: Apache-2.0
import { startServer, startBrowser, openPage } from './page.mjs';

const server = await startServer();
const browser = await startBrowser();
try {
  const { page } = await openPage(browser, `${server.url}/docs`, { viewport: { width: 1280, height: 900 }, colorScheme: 'light' });
  await page.waitForSelector('.opblock', { timeout: 20000 });
  await page.screenshot({ path: new URL('../../docs/images/docs.png', import.meta.url).pathname });
} finally {
  await browser.close();
  await server.stop();
}
