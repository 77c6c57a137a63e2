import assert from 'node:assert/strict';
import test from 'node:test';
import { until } from '../until.js';
import { form, picture, startApp } from './harness.js';
import { bodyOf, multipartRequest, openConnection, readAll, sendRaw, statusOf } from './raw-request.js';

const PART =
  'Content-Disposition: form-data; name="file"; filename="a.png"\r\nContent-Type: image/png\r\n\r\n';

test('multipart that is malformed in any way is a 400 and leaves nothing', async (t) => {
  const { origin, empty } = await startApp(t);
  const png = (await picture()).toString('latin1');
  const cases: Record<string, Buffer> = {
    'no boundary in the type': multipartRequest(`--XX\r\n${PART}${png}\r\n--XX--\r\n`, {
      contentType: 'multipart/form-data',
    }),
    'an empty boundary': multipartRequest(`--XX\r\n${PART}${png}\r\n--XX--\r\n`, {
      contentType: 'multipart/form-data; boundary=',
    }),
    'another boundary in the body': multipartRequest(`--YY\r\n${PART}${png}\r\n--YY--\r\n`),
    'no last boundary': multipartRequest(`--XX\r\n${PART}${png}`),
    'cut within the boundary': multipartRequest(`--XX\r\n${PART}${png}\r\n--X`),
    'cut within the part headers': multipartRequest('--XX\r\nContent-Disposition: form-data; na'),
    'no part headers': multipartRequest(`--XX\r\n\r\n${png}\r\n--XX--\r\n`),
    'no name': multipartRequest(`--XX\r\nContent-Disposition: form-data\r\n\r\n${png}\r\n--XX--\r\n`),
    'no content disposition': multipartRequest(`--XX\r\nContent-Type: image/png\r\n\r\n${png}\r\n--XX--\r\n`),
    'bare newlines': multipartRequest(`--XX\n${PART.replaceAll('\r', '')}${png}\n--XX--\n`),
    'nothing but the last boundary': multipartRequest('--XX--\r\n'),
    'random bytes': multipartRequest(Buffer.from(Array.from({ length: 5000 }, (_, i) => (i * 7919) % 256))),
    'a field called __proto__': multipartRequest(
      `--XX\r\nContent-Disposition: form-data; name="__proto__"\r\n\r\nx\r\n--XX\r\n${PART}${png}\r\n--XX--\r\n`,
    ),
    'a file called toString': multipartRequest(
      `--XX\r\nContent-Disposition: form-data; name="toString"; filename="a.png"\r\n\r\n${png}\r\n--XX--\r\n`,
    ),
    'a field that is JSON in name only': multipartRequest(
      `--XX\r\nContent-Disposition: form-data; name="scale"\r\nContent-Type: application/json\r\n\r\n{\r\n--XX\r\n${PART}${png}\r\n--XX--\r\n`,
    ),
    'a part that is itself multipart': multipartRequest(
      '--XX\r\nContent-Disposition: form-data; name="file"\r\nContent-Type: multipart/mixed; boundary=YY\r\n\r\n--YY\r\n\r\n--YY--\r\n--XX--\r\n',
    ),
  };
  for (const [what, request] of Object.entries(cases)) {
    const answer = await sendRaw(origin, request);
    assert.equal(statusOf(answer), 400, `${what}: ${answer}`);
    assert.equal(bodyOf(answer).status, 400, what);
  }
  await empty();
});

test('a body shorter than declared leaves nothing', async (t) => {
  const { origin, reserved, empty } = await startApp(t);
  const whole = multipartRequest(`--XX\r\n${PART}${'x'.repeat(5000)}\r\n--XX--\r\n`);
  const socket = openConnection(origin);
  socket.write(whole.subarray(0, 3000));
  await until(() => reserved.length > 0, 'Room is reserved for the upload.');
  socket.end();
  await readAll(socket);
  await empty();
});

test('ten thousand fields are refused', async (t) => {
  const { origin, empty } = await startApp(t);
  const fields = Array.from(
    { length: 10_000 },
    (_, i) => `--XX\r\nContent-Disposition: form-data; name="f${i}"\r\n\r\n1\r\n`,
  ).join('');
  const png = (await picture()).toString('latin1');
  for (const body of [
    `${fields}--XX\r\n${PART}${png}\r\n--XX--\r\n`,
    `--XX\r\n${PART}${png}\r\n${fields}--XX--\r\n`,
  ]) {
    const answer = await sendRaw(origin, multipartRequest(body));
    assert.equal(statusOf(answer), 400);
    assert.equal(bodyOf(answer).code, 'malformed_multipart');
  }
  await empty();
});

test('fields may stand before the file, and the file may be called image', async (t) => {
  const { origin, empty } = await startApp(t);
  const body = new FormData();
  body.append('scale', '2');
  body.append('image', new Blob([new Uint8Array(await picture())]), 'x.png');
  body.append('format', 'png');
  const response = await fetch(`${origin}/upscale`, { method: 'POST', body });
  assert.equal(response.status, 200);
  assert.equal(response.headers.get('content-disposition'), 'inline; filename="x_x2.png"');
  await response.arrayBuffer();
  await empty();
});

test('fields that a form left empty count as not given', async (t) => {
  const { origin } = await startApp(t);
  const response = await fetch(`${origin}/upscale`, {
    method: 'POST',
    body: await form({ scale: '', model: ' ', background: '' }),
  });
  assert.equal(response.status, 200);
  assert.equal(response.headers.get('x-upscale-scale'), '4');
  const byQuery = await fetch(`${origin}/upscale?scale=&quality=`, { method: 'POST', body: await form() });
  assert.equal(byQuery.headers.get('x-upscale-scale'), '4');
});

test('what is wrong with the file part is said in words', async (t) => {
  const { origin, empty } = await startApp(t);
  const png = new Blob([new Uint8Array(await picture())]);
  const post = async (fill: (body: FormData) => void) => {
    const body = new FormData();
    fill(body);
    const response = await fetch(`${origin}/upscale`, { method: 'POST', body });
    const problem = (await response.json()) as Record<string, string>;
    return `${response.status} ${problem.code}: ${problem.detail}`;
  };
  assert.match(await post((body) => body.append('scale', '2')), /^400 no_file: The form holds no image/);
  assert.match(await post((body) => body.append('file', 'photo.jpg')), /^400 no_file: .*-F file=@photo\.jpg/);
  assert.match(await post((body) => body.append('file', new Blob([]), 'a.png')), /^400 no_file: .*empty/);
  assert.match(await post((body) => body.append('photo', png, 'a.png')), /^400 unknown_option: .*"photo"/);
  assert.match(
    await post((body) => {
      body.append('file', png, 'a.png');
      body.append('file', png, 'b.png');
    }),
    /^400 too_many_files: .*one file/,
  );
  assert.match(
    await post((body) => {
      body.append('file', png, 'a.png');
      body.append('model', 'x'.repeat(5000));
    }),
    /^400 invalid_option: .*too long/,
  );
  assert.match(
    await post((body) => body.append('file', new Blob(['no image']), 'a.png')),
    /^400 unsupported_image/,
  );
  await empty();
});

test('a part of an image type is a file also without a file name', async (t) => {
  const { origin, empty } = await startApp(t);
  const png = (await picture()).toString('latin1');
  const part = (type: string) =>
    `--XX\r\nContent-Disposition: form-data; name="file"\r\nContent-Type: ${type}\r\n\r\n${png}\r\n`;
  for (const type of ['image/png', 'IMAGE/PNG', 'image/x-anything; a=b', 'application/octet-stream']) {
    const answer = await sendRaw(origin, multipartRequest(`${part(type)}--XX--\r\n`));
    assert.equal(statusOf(answer), 200, `${type}: ${answer}`);
    assert.match(answer, /filename="image_x4\.jpg"/);
  }
  const two = await sendRaw(origin, multipartRequest(`${part('image/png')}${part('image/png')}--XX--\r\n`));
  assert.equal(bodyOf(two).code, 'too_many_files');
  const text = await sendRaw(origin, multipartRequest(`${part('text/plain')}--XX--\r\n`));
  assert.equal(bodyOf(text).code, 'no_file');
  await empty();
});

test('a file name that climbs out of its folder, or says nothing, names only the download', async (t) => {
  const { origin, empty, engine } = await startApp(t);
  const names: Record<string, string> = {
    '../../../../etc/passwd.png': 'passwd_x4.jpg',
    '..\\..\\windows\\system32\\evil.png': 'evil_x4.jpg',
    '/etc/shadow': 'shadow_x4.jpg',
    '.hidden': 'image_x4.jpg',
    '..': 'image_x4.jpg',
    'a<>:|?*b.png': 'ab_x4.jpg',
    'a\u0000b\r\nX-Evil: 1.png': 'abX-Evil 1_x4.jpg',
  };
  for (const [sent, received] of Object.entries(names)) {
    const body = new FormData();
    body.append('file', new Blob([new Uint8Array(await picture())]), sent);
    const response = await fetch(`${origin}/upscale`, { method: 'POST', body });
    assert.equal(response.status, 200, sent);
    assert.equal(response.headers.get('x-evil'), null);
    const name = /filename="([^"]*)"/.exec(response.headers.get('content-disposition') ?? '')?.[1];
    assert.ok(name !== undefined && !/[/\\]/.test(name), `${sent} → ${name}`);
    if (!sent.includes('\u0000')) assert.equal(name, received, sent);
    await response.arrayBuffer();
    assert.match(engine.tasks.at(-1)?.sourcePath ?? '', /\/source$/);
  }
  await empty();
});

test('a name in another script keeps its letters', async (t) => {
  const { origin } = await startApp(t);
  const response = await fetch(`${origin}/upscale`, { method: 'POST', body: await form({}, '写真 ü.png') });
  assert.match(
    response.headers.get('content-disposition') ?? '',
    /filename\*=UTF-8''%E5%86%99%E7%9C%9F%20%C3%BC_x4\.jpg/,
  );
});
