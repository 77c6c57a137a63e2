import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { until } from '../test/until.js';

export const PACKAGE_ROOT = fileURLToPath(new URL('../..', import.meta.url));

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  if (address === null || typeof address === 'string') throw new Error('No free port was given.');
  return address.port;
}

/** A running Tessera, started as a user would start it: `node dist/server.js` with environment variables. */
export class Service {
  private constructor(
    readonly url: string,
    private readonly process: ChildProcess,
    /** From spawn until `/health/ready` said yes. */
    readonly readyMs: number,
  ) {}

  static async start(environment: Readonly<Record<string, string>> = {}): Promise<Service> {
    const port = await freePort();
    const start = performance.now();
    const child = spawn(process.execPath, ['dist/server.js'], {
      cwd: PACKAGE_ROOT,
      env: {
        ...process.env,
        HOST: '127.0.0.1',
        LOG_LEVEL: 'warn',
        LOG_DIR: '',
        MODELS_DOWNLOAD: 'off',
        PORT: String(port),
        ...environment,
      },
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    const url = `http://127.0.0.1:${port}`;
    const answers = () =>
      fetch(`${url}/health/ready`).then(
        (response) => response.ok,
        () => false,
      );
    await until(async () => {
      if (child.exitCode !== null) throw new Error(`The service ended with code ${child.exitCode}.`);
      return answers();
    }, 'The service is ready.');
    return new Service(url, child, performance.now() - start);
  }

  /** One upscale; resolves when the last byte of the answer has been read. */
  async upscale(
    image: Uint8Array<ArrayBuffer>,
    query = '',
  ): Promise<{ ms: number; bytes: number; headers: Headers }> {
    const start = performance.now();
    const response = await fetch(`${this.url}/upscale${query}`, {
      method: 'POST',
      headers: { 'content-type': 'application/octet-stream' },
      body: image,
    });
    const body = new Uint8Array(await response.arrayBuffer());
    if (!response.ok) throw new Error(`${response.status}: ${new TextDecoder().decode(body)}`);
    return { ms: performance.now() - start, bytes: body.byteLength, headers: response.headers };
  }

  get serverPid(): number {
    if (this.process.pid === undefined) throw new Error('The service has no process.');
    return this.process.pid;
  }

  async stop(): Promise<void> {
    const ended = once(this.process, 'exit');
    this.process.kill('SIGTERM');
    await ended;
  }
}
