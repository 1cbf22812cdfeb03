import { html, type Markup } from './markup.ts';
import { style } from './style.ts';

/**
 * A whole HTML document that loads nothing: no script, no font, no picture from elsewhere. Its own policy forbids
 * scripts should one get through the escaping. `pictures`: whether it carries some, as data URLs.
 */
export const page = (title: string, body: Markup, { pictures }: { readonly pictures: boolean }): string =>
  html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'${pictures ? '; img-src data:' : ''}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title} - nasoa</title>
<style>${style}</style>
</head>
<body>
<main>
${body}
</main>
</body>
</html>
`.text;
