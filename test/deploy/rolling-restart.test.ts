import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { packageRoot } from '../../src/host/package-root.js';
import { atEnd } from '../at-end.js';
import { imageForm, photo } from '../e2e/pictures.js';
import { type ServerProcess, startServer } from '../e2e/server-process.js';
import { type BalancerName, freePort, noBalancer, startBalancer } from './balancer.js';

/** As many as keep both replicas at work without a queue. */
const CLIENTS = 4;

/** What the Compose example gives its replicas. */
const delaySeconds = /SHUTDOWN_DELAY_SECONDS: "(\d+)"/.exec(
  readFileSync(join(packageRoot(), 'deploy/compose.yaml'), 'utf8'),
)?.[1];

for (const name of ['nginx', 'haproxy'] as const) {
  test(`behind ${name}, as deploy/ has it, no request is lost when a replica restarts as soon as the other is back`, {
    skip: noBalancer(name),
  }, async (t) => {
    const { origin, restart } = await twoReplicas(t, name);
    const made = await fetch(`${origin}/jobs`, { method: 'POST', body: imageForm(await photo(2)) });
    assert.equal(made.status, 202, await made.text());
    const job = `${origin}${made.headers.get('location')}`;

    const picture = await photo(1, 24, 18);
    const upscales = new Set<string>();
    const looks = new Set<string>();
    let restarting = true;
    const client = async (seen: Set<string>, ask: () => Promise<Response>) => {
      while (restarting) {
        const response = await ask();
        await response.arrayBuffer();
        seen.add(`${response.status}, again in ${response.headers.get('retry-after')}`);
      }
    };
    const upscale = () => fetch(`${origin}/upscale`, { method: 'POST', body: imageForm(picture) });
    const clients = [
      ...Array.from({ length: CLIENTS }, () => client(upscales, upscale)),
      client(looks, () => fetch(job)),
    ];
    try {
      await restart(0);
      await restart(1);
    } finally {
      restarting = false;
      await Promise.all(clients);
    }

    assert.deepEqual([...upscales], ['200, again in null']);
    // Only one replica knows the job: nginx says when to come back, HAProxy waits and tries again by itself.
    const waits = name === 'nginx' ? ['503, again in 5'] : [];
    assert.deepEqual([...looks], ['200, again in null', ...waits]);
    const result = await fetch(`${job}/result`);
    assert.equal(result.status, 200);
    assert.ok((await result.arrayBuffer()).byteLength > 0);
  });
}

/** Two replicas on ports that they keep, and the balancer in front. */
async function twoReplicas(t: TestContext, name: BalancerName) {
  const ports = [await freePort(), await freePort()];
  // One volume for both, as in the Compose example.
  const tempFolder = await mkdtemp(join(tmpdir(), 'tessera-replicas-'));
  atEnd(t, () => rm(tempFolder, { recursive: true, force: true }));
  const start = (port: number) =>
    startServer(t, {
      PORT: String(port),
      SHUTDOWN_DELAY_SECONDS: delaySeconds ?? '',
      TEMP_DIR: tempFolder,
      TRUST_PROXY: 'loopback',
      ENGINE_THREADS: '1',
    });
  const replicas: ServerProcess[] = await Promise.all(ports.map(start));
  const origin = await startBalancer(t, name, ports);
  return {
    origin,
    /** Ends one in good order and resolves as soon as its successor is ready. */
    async restart(index: number): Promise<void> {
      const [port, replica] = [ports[index], replicas[index]];
      assert.ok(port !== undefined && replica !== undefined);
      replica.child.kill('SIGTERM');
      assert.equal(await replica.exited, 0);
      replicas[index] = await start(port);
    },
  };
}
