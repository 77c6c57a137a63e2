import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FastifyInstance } from 'fastify';
import { type OptionLimits, optionTable, patient } from '../../options/option-defaults.js';
import { matchesTag } from '../conditional-request.js';
import { PAGE } from '../route-policy.js';

const WEB_FOLDER = fileURLToPath(new URL('../../web/', import.meta.url));

/** Modules from npm packages, served as files of our own: the page loads nothing from other servers. */
const VENDOR_MODULES = { 'client-zip': 'client-zip.js', 'img-comparison-slider': 'img-comparison-slider.js' };

const MEDIA_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** Own files only, nothing inline. Images may also come from memory (`blob:`), where the page holds originals and results. */
export const PAGE_CSP =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/**
 * The page at `/` and its files under `/assets`. The files are few and small, so they are read once and served from memory: no
 * request reaches the disk. Browsers revalidate each file (`ETag`), so that files of two versions are never mixed.
 * @param limits the defaults of the options, which the form of the page starts with.
 */
export function registerPage(app: FastifyInstance, limits: OptionLimits): void {
  const index = readFileSync(join(WEB_FOLDER, 'index.html'), 'utf8');
  serve(app, '/', '.html', withDefaults(index, limits));
  const assets = join(WEB_FOLDER, 'assets');
  for (const name of readdirSync(assets, { recursive: true, encoding: 'utf8' })) {
    const url = `/assets/${name.replaceAll(sep, '/')}`;
    if (extname(name) !== '') serve(app, url, extname(name), readFileSync(join(assets, name)));
  }
  for (const [name, file] of Object.entries(VENDOR_MODULES)) {
    const content = readFileSync(fileURLToPath(import.meta.resolve(name)));
    serve(app, `/assets/vendor/${file}`, '.js', content);
  }
}

/** @throws Error for a file without a media type. */
function serve(app: FastifyInstance, url: string, extension: string, content: Buffer): void {
  const mediaType = MEDIA_TYPES[extension];
  if (mediaType === undefined)
    throw new Error(`The page cannot serve ${url}: its extension has no media type.`);
  const etag = `"${createHash('sha256').update(content).digest('base64url')}"`;
  app.get(url, {
    config: PAGE,
    schema: { hide: true },
    handler: (request, reply) => {
      reply.header('cache-control', 'no-cache').header('etag', etag);
      if (url === '/') reply.header('content-security-policy', PAGE_CSP);
      if (matchesTag(request.headers['if-none-match'], etag)) return reply.code(304).send();
      return reply.type(mediaType).send(content);
    },
  });
}

/** Writes the defaults of all options into the attribute that the form reads. */
function withDefaults(html: string, limits: OptionLimits): Buffer {
  const defaults = Object.entries(optionTable(patient(limits))).map(([name, spec]) => [
    name,
    String(spec.default ?? ''),
  ]);
  const attribute = JSON.stringify(Object.fromEntries(defaults))
    .replace(/&/g, '&amp;')
    .replace(/"/g, '&quot;');
  return Buffer.from(html.replace('data-defaults="{}"', () => `data-defaults="${attribute}"`));
}
