import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type OptionLimits, optionTable, patient } from '../../options/option-defaults.js';
import { PAGE } from '../route-policy.js';

const WEB_FOLDER = fileURLToPath(new URL('../../web/', import.meta.url));

/** npm modules that the page uses, served as own files, so that the page contacts no other server. */
const VENDOR_MODULES = { 'client-zip': 'client-zip.js', 'img-comparison-slider': 'img-comparison-slider.js' };

const MEDIA_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** The page's content security policy: own files only, nothing inline, and pictures from memory (`blob:`). */
export const PAGE_CSP =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

interface PageFile {
  readonly url: string;
  readonly mediaType: string;
  readonly content: Buffer;
  readonly etag: string;
}

/**
 * The page at `/` and its files under `/assets`. They are few and small, so they are read once and served from
 * memory; an unknown path never reaches the disk. Browsers revalidate each file (`ETag`), so that files of two
 * versions are never mixed.
 * @param limits defaults of the jobs that the page makes; its form starts with them.
 */
export function registerPage(app: FastifyInstance, limits: OptionLimits): void {
  for (const file of [...ownFiles(limits), ...vendorFiles()]) {
    app.get(file.url, {
      config: PAGE,
      schema: { hide: true },
      handler: (request, reply) => sendFile(file, request, reply),
    });
  }
}

function sendFile(file: PageFile, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  reply.header('cache-control', 'no-cache').header('etag', file.etag);
  if (file.url === '/') reply.header('content-security-policy', PAGE_CSP);
  const known = request.headers['if-none-match']?.split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  if (known?.includes(file.etag)) return reply.code(304).send();
  return reply.type(file.mediaType).send(file.content);
}

function ownFiles(limits: OptionLimits): PageFile[] {
  const assets = readdirSync(join(WEB_FOLDER, 'assets'), { recursive: true, encoding: 'utf8' })
    .filter((name) => extname(name) !== '')
    .map((name) => name.replaceAll(sep, '/'));
  return [
    withDefaults(pageFile('/', join(WEB_FOLDER, 'index.html')), limits),
    ...assets.map((name) => pageFile(`/assets/${name}`, join(WEB_FOLDER, 'assets', name))),
  ];
}

/** The page with the default options in its `data-defaults` attribute. */
function withDefaults(page: PageFile, limits: OptionLimits): PageFile {
  const defaults = Object.entries(optionTable(patient(limits))).map(([name, spec]) => [
    name,
    String(spec.default ?? ''),
  ]);
  const attribute = JSON.stringify(Object.fromEntries(defaults))
    .replace(/&/g, '&amp;')
    .replace(/"/g, '&quot;');
  const html = page.content.toString().replace('data-defaults="{}"', () => `data-defaults="${attribute}"`);
  return pageContent(page.url, page.mediaType, Buffer.from(html));
}

function vendorFiles(): PageFile[] {
  return Object.entries(VENDOR_MODULES).map(([name, file]) =>
    pageFile(`/assets/vendor/${file}`, fileURLToPath(import.meta.resolve(name))),
  );
}

/** @throws Error for a file of a type that the page does not use. */
function pageFile(url: string, path: string): PageFile {
  const content = readFileSync(path);
  const mediaType = MEDIA_TYPES[extname(path)];
  if (mediaType === undefined)
    throw new Error(`The page cannot serve ${path}: no media type for its ending.`);
  return pageContent(url, mediaType, content);
}

function pageContent(url: string, mediaType: string, content: Buffer): PageFile {
  return { url, mediaType, content, etag: `"${createHash('sha256').update(content).digest('base64url')}"` };
}
