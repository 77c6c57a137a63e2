import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { packageRoot } from '../../src/host/package-root.js';
import { atEnd } from '../at-end.js';
import { until } from '../until.js';

export type BalancerName = 'nginx' | 'haproxy';

/** Debian puts both where only administrators look. */
const env = { ...process.env, PATH: `${process.env.PATH ?? ''}:/usr/sbin:/sbin` };

/** Why a test with this balancer is skipped; `false` where it can be run. */
export function noBalancer(name: BalancerName): string | false {
  try {
    execFileSync(name, ['-v'], { env, stdio: 'ignore' });
    return false;
  } catch {
    return `${name} is not installed (Debian: apt-get install ${name})`;
  }
}

/** A port of this machine that is free now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('Expected a port');
  return address.port;
}

/**
 * Runs a balancer with its file of `deploy/`, in which only addresses are changed: the replicas' and its own. Ends with the test.
 * @returns its origin, once it accepts connections
 */
export async function startBalancer(
  t: TestContext,
  name: BalancerName,
  replicaPorts: readonly number[],
): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), `tessera-${name}-`));
  const port = await freePort();
  const shipped = await readFile(
    join(packageRoot(), name === 'nginx' ? 'deploy/nginx.conf' : 'deploy/haproxy.cfg'),
    'utf8',
  );
  const file = join(folder, 'balancer.conf');
  await writeFile(
    file,
    name === 'nginx' ? nginx(shipped, folder, port, replicaPorts) : haproxy(shipped, port, replicaPorts),
  );
  const child =
    name === 'nginx'
      ? spawn('nginx', ['-p', folder, '-c', file, '-e', join(folder, 'error.log')], {
          env,
          stdio: ['ignore', 'ignore', 'inherit'],
        })
      : spawn('haproxy', ['-q', '-f', file], { env, stdio: ['ignore', 'ignore', 'inherit'] });
  const exited = once(child, 'exit');
  atEnd(t, async () => {
    child.kill('SIGTERM');
    await exited;
    await rm(folder, { recursive: true, force: true });
  });
  await accepts(child, port);
  return `http://127.0.0.1:${port}`;
}

/** The shipped file within the little that Debian's main file would give it; one line for each replica. */
function nginx(shipped: string, folder: string, port: number, replicaPorts: readonly number[]): string {
  const own = shipped
    .replace(/^ *server tessera:8000(.*);$/gm, (_line, rest: string) =>
      replicaPorts.map((replica) => `server 127.0.0.1:${replica}${rest};`).join('\n'),
    )
    .replace(/listen 80;/, `listen 127.0.0.1:${port};`);
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((kind) => `${kind}_temp_path ${join(folder, kind)};`)
    .join('\n');
  return `daemon off;\npid ${join(folder, 'pid')};\nevents {}\nhttp {\naccess_log off;\n${temporary}\n${own}\n}\n`;
}

/** The shipped file, in which the names that a resolver of Compose answers become one line for each replica. */
function haproxy(shipped: string, port: number, replicaPorts: readonly number[]): string {
  return shipped
    .replace(/^ *server-template tessera \S+ tessera:8000(.*)$/gm, (_line, rest: string) =>
      replicaPorts
        .map(
          (replica, i) =>
            `    server tessera${i + 1} 127.0.0.1:${replica}${rest.replace(/ resolvers \S+/, '')}`,
        )
        .join('\n'),
    )
    .replace(/bind :80$/m, `bind 127.0.0.1:${port}`);
}

async function accepts(child: ChildProcess, port: number): Promise<void> {
  await until(async () => {
    if (child.exitCode !== null) throw new Error(`The balancer ended with ${child.exitCode}`);
    const socket = connect(port, '127.0.0.1');
    const connected = await Promise.race([
      once(socket, 'connect').then(() => true),
      once(socket, 'close').then(() => false),
    ]).catch(() => false);
    socket.destroy();
    return connected;
  }, 'The balancer accepts connections.');
}
