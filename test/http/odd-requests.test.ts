import assert from 'node:assert/strict';
import test from 'node:test';
import { form, picture, startApp } from './harness.js';
import { bodyOf, multipartRequest, sendRaw, statusOf } from './raw-request.js';

/** Path segments that decoders, file systems and routers disagree about. */
const ODD_SEGMENTS: readonly string[] = [
  '..',
  '../',
  '../../../../etc/passwd',
  '..%2f..%2fetc%2fpasswd',
  '%2e%2e/%2e%2e',
  '%2e%2e%5c',
  '..%5c..%5c',
  '..\\',
  '%5c',
  '%00',
  'a%00b',
  '%0d%0aX-Evil:%201',
  '%zz',
  '%',
  '%c0%ae%c0%ae',
  '%ff%fe',
  '%u0041',
  '%252e%252e',
  '//',
  './/.',
  '.',
  '*',
  ':',
  ';a=b',
  '?',
  '%3f',
  '#x',
  '%23',
  '<script>',
  '"',
  '{}',
  '|',
  '[',
  '~',
  'CON',
  '.env',
  '.git/config',
  'null',
  '__proto__',
  'constructor',
  'x'.repeat(300),
  'x'.repeat(8000),
  '/x'.repeat(2000),
  '%41'.repeat(2000),
];

const ROUTES: readonly string[] = [
  '/',
  '/upscale',
  '/jobs',
  '/jobs/none',
  '/jobs/none/events',
  '/jobs/none/result',
  '/models',
  '/health',
  '/health/live',
  '/health/ready',
  '/metrics',
  '/openapi.json',
  '/docs',
  '/docs/json',
  '/docs/yaml',
  '/docs/static',
  '/docs/static/index.html',
  '/assets',
  '/assets/main.js',
  '/nothing',
];

const ODD_HEADERS: Readonly<Record<string, string>> = {
  'no host': '',
  'an empty host': 'Host:',
  'two hosts': 'Host: a\r\nHost: b',
  'a host with a space': 'Host: a b',
  'a host with a path': 'Host: a/../b',
  'a host with a port that is none': 'Host: a:99999999',
  'a host in brackets': 'Host: [::1',
  'a host of 8 kB': `Host: ${'a'.repeat(8000)}`,
  'a host with bytes above ASCII': 'Host: \xff\xfe',
  'an odd Expect': 'Host: t\r\nExpect: tea',
  'two of Expect': 'Host: t\r\nExpect: 100-continue\r\nExpect: tea',
  'a forged proxy':
    'Host: t\r\nX-Forwarded-For: nonsense, \x7f, ::::\r\nX-Forwarded-Host: a b\r\nX-Forwarded-Proto: x',
  'many proxies': `Host: t\r\nX-Forwarded-For: ${'1.1.1.1,'.repeat(1000)}`,
  'an odd origin': 'Host: t\r\nOrigin: \xff\r\nAccess-Control-Request-Method: \xff',
  'a preflight of nonsense':
    'Host: t\r\nOrigin: null\r\nAccess-Control-Request-Method: ,\r\nAccess-Control-Request-Headers: \xff',
  'an odd Accept': `Host: t\r\nAccept: ${',;q=;'.repeat(300)}`,
  'an odd Accept-Encoding': 'Host: t\r\nAccept-Encoding: \xff;q=9, *;q=0',
  'an odd Range': 'Host: t\r\nRange: bytes=9-1,--,0-0\r\nIf-Range: "',
  'a range after the end': 'Host: t\r\nRange: bytes=99999999-',
  'preconditions that do not hold':
    'Host: t\r\nIf-Match: "x"\r\nIf-Unmodified-Since: Sat, 01 Jan 2000 00:00:00 GMT',
  'an odd tag': 'Host: t\r\nIf-None-Match: W/", \x01'.replace('\x01', '"'),
  'odd dates': 'Host: t\r\nIf-Modified-Since: never\r\nIf-Unmodified-Since: -1',
  'an odd key': 'Host: t\r\nX-API-Key: \xff\r\nAuthorization: Bearer \xff',
  'an odd way to sign in': `Host: t\r\nAuthorization: Digest ${'x='.repeat(500)}`,
  'odd preferences': 'Host: t\r\nPrefer: respond-async; ;;, =\r\nPrefer: \xff',
  'an odd idempotency key': 'Host: t\r\nIdempotency-Key: \xff\r\nIdempotency-Key: b',
  'an odd event id': 'Host: t\r\nLast-Event-ID: -1e999',
  'odd cookies': 'Host: t\r\nCookie: =;;=;__proto__=x',
  'an upgrade': 'Host: t\r\nUpgrade: websocket\r\nConnection: upgrade\r\nSec-WebSocket-Key: x',
  'HTTP/2 by upgrade':
    'Host: t\r\nUpgrade: h2c\r\nHTTP2-Settings: AAAA\r\nConnection: Upgrade, HTTP2-Settings',
  'a method by another name': 'Host: t\r\nX-HTTP-Method-Override: DELETE',
  'names of objects': 'Host: t\r\n__proto__: x\r\nconstructor: x\r\ntoString: x',
  'a hundred headers of one name': `Host: t\r\n${'X-A: b\r\n'.repeat(100)}X-A: c`,
  'two thousand headers': `Host: t\r\n${'A: b\r\n'.repeat(1999)}A: c`,
  'a trailer without chunks': 'Host: t\r\nTrailer: X\r\nTE: trailers',
};

/** A request with an end: the far end closes after its answer. */
const request = (method: string, target: string, headers: string, body = '') =>
  Buffer.from(
    `${method} ${target} HTTP/1.1\r\n${headers}${headers === '' ? '' : '\r\n'}Connection: close\r\n\r\n${body}`,
    'latin1',
  );

type OddRequest = readonly [what: string, bytes: Buffer];

function oddPaths(): OddRequest[] {
  return ROUTES.flatMap((route) =>
    ODD_SEGMENTS.flatMap((segment) =>
      [`${route}/${segment}`, `${route}${segment}`, `${route}?${segment}`, `${route}?scale=${segment}`].map(
        (target): OddRequest => [`GET ${target.slice(0, 80)}`, request('GET', target, 'Host: t')],
      ),
    ),
  );
}

function oddTargets(): OddRequest[] {
  const targets = [
    '*',
    'http://t/health',
    'http://other:99999/health',
    'http://',
    'http:///',
    'ftp://t/',
    'a:b',
    '//t/health',
    '///',
    'http://a b/',
    '\\health',
    '/health#x',
    `http://t/${'a'.repeat(9000)}`,
    `/${'?'.repeat(5000)}`,
    `/upscale?${'a=b&'.repeat(3000)}`,
    `/upscale?${'scale=2&'.repeat(1500)}`,
    '/upscale?__proto__=1&constructor=2&toString=3',
    '/jobs?callback_url=%00&callback_url=http://[',
  ];
  const methods = [
    'GET',
    'HEAD',
    'POST',
    'PUT',
    'PATCH',
    'DELETE',
    'OPTIONS',
    'TRACE',
    'CONNECT',
    'PROPFIND',
    'SEARCH',
    'PURGE',
    'get',
  ];
  return targets
    .flatMap((target) =>
      methods.map(
        (method): OddRequest => [`${method} ${target.slice(0, 80)}`, request(method, target, 'Host: t')],
      ),
    )
    .concat(
      methods.flatMap((method) =>
        ROUTES.map((route): OddRequest => [`${method} ${route}`, request(method, route, 'Host: t')]),
      ),
    );
}

function oddHeaders(): OddRequest[] {
  return Object.entries(ODD_HEADERS).flatMap(([what, headers]) =>
    ROUTES.flatMap((route) =>
      ['GET', 'POST', 'OPTIONS', 'DELETE'].map(
        (method): OddRequest => [`${what}: ${method} ${route}`, request(method, route, headers)],
      ),
    ),
  );
}

/** Bodies, lengths and lines that no client sends. */
function oddBodies(): OddRequest[] {
  const lines: Readonly<Record<string, readonly [headers: string, body: string]>> = {
    'a negative length': ['Content-Length: -1', ''],
    'a length with a sign': ['Content-Length: +1', 'x'],
    'a length in hexadecimal': ['Content-Length: 0x1', 'x'],
    'a length twice': ['Content-Length: 1, 1', 'x'],
    'a length beyond all numbers': ['Content-Length: 99999999999999999999', 'x'],
    'an empty length': ['Content-Length:', ''],
    'no length': ['', ''],
    'a coding that is not ours': ['Transfer-Encoding: gzip', ''],
    'chunks, then another coding': ['Transfer-Encoding: chunked, gzip', '0\r\n\r\n'],
    'chunks twice': ['Transfer-Encoding: chunked, chunked', '0\r\n\r\n'],
    'chunks by a length beyond all numbers': ['Transfer-Encoding: chunked', 'ffffffffffffffffff\r\n'],
    'chunks by a negative length': ['Transfer-Encoding: chunked', '-1\r\nx\r\n0\r\n\r\n'],
    'a chunk longer than it says': ['Transfer-Encoding: chunked', '1\r\nxx\r\n0\r\n\r\n'],
    'a chunk with 100 kB beside its length': [
      'Transfer-Encoding: chunked',
      `1;${'x'.repeat(100_000)}\r\nx\r\n0\r\n\r\n`,
    ],
    'no chunk but the last': ['Transfer-Encoding: chunked', '0\r\n\r\n'],
    'a trailer that is none': ['Transfer-Encoding: chunked', '1\r\nx\r\n0\r\nnonsense\r\n\r\n'],
    'a compressed body': ['Content-Encoding: gzip\r\nContent-Length: 1', '\x1f'],
    'a folded header': ['X-A: b\r\n c\r\nContent-Length: 1', 'x'],
    'a header with NUL': ['X-A: b\0c\r\nContent-Length: 1', 'x'],
    'a header with a bare CR': ['X-A: b\rc\r\nContent-Length: 1', 'x'],
    'a header with a space before the colon': ['X-A : b\r\nContent-Length: 1', 'x'],
    'a header without a name': [': b\r\nContent-Length: 1', 'x'],
  };
  const types = ['image/png', 'multipart/form-data; boundary=XX', 'application/json', ''];
  const bodies = Object.entries(lines).flatMap(([what, [headers, body]]) =>
    ['/upscale', '/jobs', '/health', '/nothing'].flatMap((path) =>
      types.map((type): OddRequest => {
        const all = ['Host: t', type === '' ? '' : `Content-Type: ${type}`, headers];
        return [
          `${what}: POST ${path} ${type}`,
          request('POST', path, all.filter((line) => line !== '').join('\r\n'), body),
        ];
      }),
    ),
  );
  const starts = {
    'HTTP/2 without asking': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    'HTTP/0.9': 'GET /\r\n\r\n',
    'HTTP/3.7': 'GET / HTTP/3.7\r\nHost: t\r\n\r\n',
    'a handshake of TLS': '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'.padEnd(500, '\0'),
    'a method of 10 kB': `${'A'.repeat(10_000)} / HTTP/1.1\r\nHost: t\r\n\r\n`,
    'a tab for a space': 'GET\t/ HTTP/1.1\r\nHost: t\r\n\r\n',
    'a path of bytes above ASCII': 'GET /\xff\xfe HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n',
    'bare newlines': 'GET / HTTP/1.1\nHost: t\nConnection: close\n\n',
    'HTTP/1.0 without a host': 'GET /health HTTP/1.0\r\n\r\n',
    'HTTP/1.0 that expects to go on':
      'POST /upscale HTTP/1.0\r\nContent-Type: image/png\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx',
    'a proxy’s own protocol': 'PROXY TCP4 1.1.1.1 2.2.2.2 1 2\r\nGET / HTTP/1.1\r\nHost: t\r\n\r\n',
  };
  return [
    ...bodies,
    ...Object.entries(starts).map(([what, text]): OddRequest => [what, Buffer.from(text, 'latin1')]),
  ];
}

test('an odd path, target, method, header or body is never a 5xx, and what is refused is a problem document', async (t) => {
  const { origin, empty } = await startApp(t);
  const faults = await faultsOf(origin, [...oddPaths(), ...oddTargets(), ...oddHeaders(), ...oddBodies()]);
  assert.deepEqual(faults, []);
  await empty();
});

/** The parts of forms that no browser sends, each before and after a good file. */
function oddParts(): Record<string, string> {
  const part = (disposition: string, more = '', content = 'x') =>
    `--XX\r\nContent-Disposition: ${disposition}${more === '' ? '' : `\r\n${more}`}\r\n\r\n${content}\r\n`;
  return {
    'no name': part('form-data'),
    'no name, a file': part('form-data; filename="a.png"'),
    'an empty name': part('form-data; name=""'),
    'an empty name, a file': part('form-data; name=""; filename="a.png"'),
    'a name of 1 MB': part(`form-data; name="${'n'.repeat(1_000_000)}"`),
    'a name of 1 kB': part(`form-data; name="${'n'.repeat(1000)}"`),
    'a file name of 1 MB': part(`form-data; name="file"; filename="${'n'.repeat(1_000_000)}"`),
    'a field of 1 MB': part('form-data; name="scale"', '', '2'.repeat(1_000_000)),
    'a name that is not closed': part('form-data; name="scale'),
    'a name with a line break': part('form-data; name="a\r\n b"'),
    'a name with NUL': part('form-data; name="a\0b"'),
    'two names': part('form-data; name="scale"; name="format"'),
    'a name in another charset': part("form-data; name*=UTF-16''%ff%fe"),
    'a file name in no charset': part("form-data; name=file; filename*=nonsense''%zz"),
    'not form-data': part('attachment; name="scale"'),
    'no disposition': '--XX\r\nContent-Type: text/plain\r\n\r\nx\r\n',
    'an empty disposition': part(''),
    'a disposition twice': part('form-data; name="scale"', 'Content-Disposition: form-data; name="format"'),
    'an odd charset': part('form-data; name="scale"', 'Content-Type: text/plain; charset=utf-99', '\xff\xfe'),
    'an odd type': part('form-data; name="scale"', 'Content-Type: ;;=/'),
    'an encoding of its own': part('form-data; name="scale"', 'Content-Transfer-Encoding: x-unknown'),
    'base64 that is none': part('form-data; name="scale"', 'Content-Transfer-Encoding: base64', '%%%'),
    'JSON that is none': part('form-data; name="scale"', 'Content-Type: application/json', '{'),
    'JSON of another kind': part('form-data; name="scale"', 'Content-Type: application/json', '{"a":[1]}'),
    'JSON null': part('form-data; name="scale"', 'Content-Type: application/json', 'null'),
    'a form in the form': part(
      'form-data; name="scale"',
      'Content-Type: multipart/mixed; boundary=YY',
      '--YY\r\n\r\nx\r\n--YY--',
    ),
    'a thousand headers': part('form-data; name="scale"', `${'A: b\r\n'.repeat(1000)}A: c`),
    'a header of 100 kB': part('form-data; name="scale"', `A: ${'b'.repeat(100_000)}`),
    'a header without a colon': part('form-data; name="scale"', 'nonsense'),
    __proto__: part('form-data; name="__proto__"'),
    toString: part('form-data; name="toString"'),
    'a hundred parts': part('form-data; name="scale"', '', '2').repeat(100),
    'nothing between two boundaries': '--XX\r\n',
    'bytes before the first boundary': 'x'.repeat(100_000),
  };
}

const FILE = 'form-data; name="file"; filename="a.png"\r\nContent-Type: image/png';

test('an odd form is never a 5xx, on either route, before the file, after it and without one', async (t) => {
  const { origin } = await startApp(t);
  const png = (await picture()).toString('latin1');
  const file = `--XX\r\nContent-Disposition: ${FILE}\r\n\r\n${png}\r\n`;
  const requests = Object.entries(oddParts()).flatMap(([what, part]) =>
    ['/upscale', '/jobs', '/upscale?dry_run=true'].flatMap((path) =>
      [`${part}${file}--XX--\r\n`, `${file}${part}--XX--\r\n`, `${part}--XX--\r\n`, `${file}${part}`].map(
        (body): OddRequest => [`${what}: ${path}`, multipartRequest(body, { path })],
      ),
    ),
  );
  const types = [
    'multipart/form-data',
    'multipart/form-data; boundary=',
    'multipart/form-data; boundary="',
    `multipart/form-data; boundary=${'b'.repeat(5000)}`,
    'multipart/form-data; boundary=XX; boundary=YY',
    'multipart/form-data; charset=utf-99; boundary=XX',
    'multipart/mixed; boundary=XX',
    'multipart/',
    'multipart/form-data;boundary=\xff',
    'MULTIPART/FORM-DATA; BOUNDARY=XX',
    'application/json',
    'text/plain',
    'image/',
    'image/png; charset',
    '/',
    ';',
    ',',
    '\xff',
  ];
  for (const contentType of types)
    for (const path of ['/upscale', '/jobs'])
      requests.push([
        `${contentType.slice(0, 60)}: ${path}`,
        multipartRequest(`${file}--XX--\r\n`, { contentType, path }),
      ]);
  assert.deepEqual(await faultsOf(origin, requests), []);
  const good = await fetch(`${origin}/upscale`, { method: 'POST', body: await form() });
  assert.equal(good.status, 200);
  await good.arrayBuffer();
});

/** Sends each and says of which the answer is no answer, a 5xx, or an error that is no problem document. */
async function faultsOf(origin: string, requests: readonly OddRequest[]): Promise<string[]> {
  const faults: string[] = [];
  const left = [...requests];
  const sender = async () => {
    for (let next = left.pop(); next !== undefined; next = left.pop()) {
      const [what, bytes] = next;
      const fault = faultOf(await sendRaw(origin, bytes), bytes);
      if (fault !== undefined) faults.push(`${what}: ${fault}`);
    }
  };
  await Promise.all(Array.from({ length: 16 }, sender));
  return faults;
}

function faultOf(answer: string, sent: Buffer): string | undefined {
  const status = statusOf(answer);
  if (Number.isNaN(status)) return `no answer: ${answer.slice(0, 100)}`;
  if (status < 400) return undefined;
  if (status >= 500) return answer.slice(0, 400);
  if (!/^content-type: application\/problem\+json/im.test(answer))
    return `no problem: ${answer.slice(0, 200)}`;
  if (sent.subarray(0, 5).toString() === 'HEAD ') return undefined;
  const { status: told, detail } = bodyOf(answer);
  if (told !== status || typeof detail !== 'string' || !/^[A-Z"].*[.)]$/s.test(detail))
    return `no sentence: ${answer.slice(-200)}`;
  return undefined;
}
