import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import { startServer } from './server-process.js';

const noProc = existsSync('/proc/self/environ') ? false : 'there is no /proc on this system';

/** What any process of the same user can read. */
async function environmentOf(pid: number | undefined): Promise<readonly string[]> {
  return (await readFile(`/proc/${pid}/environ`, 'utf8')).split('\0');
}

describe('secrets of a running service', { skip: noProc }, () => {
  const secrets = {
    API_KEYS: 'the-key-of-one,the-key-of-another',
    CALLBACK_SECRET: 'a-secret-for-callbacks',
    MODELS_MIRROR: 'http://name:mirror-password@127.0.0.1:9/',
    HTTPS_PROXY: 'http://name:proxy-password@127.0.0.1:9/',
    https_proxy: 'http://name:proxy-password@127.0.0.1:9/',
  };

  it('stay where downloads look for a proxy, and go from where nothing looks for them', async () => {
    const program = `
      import { hideSecrets } from ${JSON.stringify(new URL('../../src/host/secrets.js', import.meta.url).href)};
      hideSecrets();
      const { API_KEYS, HTTPS_PROXY, https_proxy } = process.env;
      console.log(JSON.stringify({ API_KEYS, HTTPS_PROXY, https_proxy }));`;
    const run = promisify(execFile);
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', program], { env: secrets });
    const { HTTPS_PROXY, https_proxy } = secrets;
    assert.deepEqual(JSON.parse(stdout), { HTTPS_PROXY, https_proxy });
  });

  it('are in the environment neither of the server nor of its engines, and count all the same', async (t) => {
    const server = await startServer(t, secrets);
    const { engine } = await server.health();
    const pids = [server.child.pid, ...engine.processes.map(({ pid }) => pid)];
    assert.equal(pids.length, 2);
    for (const pid of pids) {
      const environment = await environmentOf(pid);
      for (const word of ['the-key-of', 'a-secret-for', 'mirror-password', 'proxy-password'])
        assert.ok(!environment.join(' ').includes(word), `"${word}" is in the environment of process ${pid}`);
      assert.ok(
        environment.some((entry) => entry.startsWith('PATH=')),
        'the rest is as it was',
      );
    }
    const ask = async (key: string) =>
      (await fetch(`${server.origin}/models`, { headers: { 'x-api-key': key } })).status;
    assert.equal(await ask('the-key-of-another'), 200);
    assert.equal(await ask('guessed'), 401);
  });
});
