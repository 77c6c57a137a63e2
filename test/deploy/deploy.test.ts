import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import test from 'node:test';
import { packageRoot, packageVersion } from '../../src/host/package-root.js';

/** The parser that writes `/docs/yaml`. */
const { parse, parseAllDocuments } = createRequire(import.meta.resolve('@fastify/swagger'))('yaml') as {
  parse(text: string): unknown;
  parseAllDocuments(text: string): readonly { toJS(): unknown }[];
};

type Yaml = Readonly<Record<string, unknown>>;

interface EnvVariable {
  readonly name: string;
  readonly value: string;
}

const read = (name: string) => readFileSync(join(packageRoot(), name), 'utf8');
const dockerfile = read('Dockerfile');

/** The lines of a stage of the Dockerfile. */
function stage(name: string): string {
  return dockerfile.split(/^FROM /m).find((text) => text.split('\n', 1)[0]?.endsWith(` AS ${name}`)) ?? '';
}

test('the Kubernetes example runs without rights, without a token and by version', () => {
  const [deployment] = parseAllDocuments(read('deploy/kubernetes.yaml')).map(
    (document) => document.toJS() as { spec: { template: { spec: Yaml } } },
  );
  const pod = deployment?.spec.template.spec ?? {};
  assert.equal(pod.automountServiceAccountToken, false);
  assert.deepEqual(pod.securityContext, {
    runAsNonRoot: true,
    runAsUser: 1000,
    runAsGroup: 1000,
    fsGroup: 1000,
    seccompProfile: { type: 'RuntimeDefault' },
  });
  const [container] = pod.containers as readonly {
    image: string;
    securityContext: Yaml;
    env: EnvVariable[];
  }[];
  assert.ok(container !== undefined);
  assert.deepEqual(container.securityContext, {
    readOnlyRootFilesystem: true,
    allowPrivilegeEscalation: false,
    capabilities: { drop: ['ALL'] },
  });
  assert.equal(container.image, `tessera:${packageVersion()}`);
  const env = new Map(container.env.map(({ name, value }) => [name, value]));
  assert.equal(env.get('LOG_DIR'), '');
  // Delay, grace, the last resort and some.
  const needed = Number(env.get('SHUTDOWN_DELAY_SECONDS')) + Number(env.get('SHUTDOWN_GRACE_SECONDS')) + 10;
  assert.ok(Number(pod.terminationGracePeriodSeconds) > needed);
});

test('the Compose example runs without rights, by version, and writes to what it is given alone', () => {
  const { services } = parse(read('deploy/compose.yaml')) as { services: Record<string, Yaml> };
  for (const [name, service] of Object.entries(services)) {
    assert.deepEqual(service.cap_drop, ['ALL'], name);
    assert.deepEqual(service.security_opt, ['no-new-privileges:true'], name);
    assert.ok(Number(service.pids_limit) > 0, name);
    assert.equal(service.read_only, true, name);
    assert.match(String(service.image), /:\d+\.\d+/, name);
  }
  assert.equal(services.tessera?.image, `tessera:${packageVersion()}`);
  assert.equal(services.tessera?.user, '1000:1000');
  assert.equal(services.tessera?.cap_add, undefined);
});

test('the images run as users by number, who own what is written', () => {
  assert.match(stage('cpu'), /chown node:node temp_uploads logs\n(#.*\n)?USER 1000:1000\n/);
  assert.match(stage('cuda'), /--uid 1001 .*chown tessera:tessera temp_uploads logs\nUSER 1001:1001\n/);
  for (const name of ['cpu', 'cuda'])
    for (const folder of ['temp_uploads', 'logs'])
      assert.match(stage(name), new RegExp(`mkdir -p .*${folder}`), name);
  for (const line of dockerfile.match(/^FROM .*$/gm) ?? []) assert.doesNotMatch(line, /:latest/);
});
