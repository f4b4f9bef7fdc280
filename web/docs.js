// docs.js - starts Swagger UI on this server's own description, in the light or dark the reader's system asks for.
// SPDX-License-Identifier: Apache-2.0
'use strict';

const dark = window.matchMedia('(prefers-color-scheme: dark)');

function follow() {
  document.documentElement.classList.toggle('dark-mode', dark.matches);
}

follow();
dark.addEventListener('change', follow);

// validatorUrl: null - nothing is ever sent to, or loaded from, another host.
window.ui = SwaggerUIBundle({
  dom_id: '#docs',
  url: '/openapi.json',
  validatorUrl: null,
  deepLinking: true,
  displayRequestDuration: true,
  filter: true,
  tryItOutEnabled: true,
  defaultModelsExpandDepth: 0,
  presets: [SwaggerUIBundle.presets.apis],
  layout: 'BaseLayout',
});
