import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { WebGpuReport } from './webgpu-process.js';

/** Chromium's software renderer for Vulkan: slow, but a second provider in earnest. */
const SWIFTSHADER = '/usr/lib/chromium/vk_swiftshader_icd.json';
const VULKAN_LOADERS = [
  '/usr/lib/x86_64-linux-gnu/libvulkan.so.1',
  '/usr/lib/aarch64-linux-gnu/libvulkan.so.1',
];
const absent = !existsSync(SWIFTSHADER)
  ? 'SwiftShader is not installed (Debian: chromium)'
  : VULKAN_LOADERS.some(existsSync)
    ? false
    : 'the Vulkan loader is not installed (Debian: libvulkan1)';

test('WebGPU on SwiftShader is proven, serves, survives its own out-of-memory, and hands over to the CPU when lost', {
  skip: absent,
}, async () => {
  // A process of its own: a software renderer may well crash, and must not take the other tests with it.
  const child = fork(fileURLToPath(new URL('./webgpu-process.js', import.meta.url)), [], {
    env: { ...process.env, VK_DRIVER_FILES: SWIFTSHADER },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let complaint = '';
  child.stderr?.on('data', (text: Buffer) => {
    complaint += text;
  });
  const report = await new Promise<WebGpuReport>((resolve, reject) => {
    child.once('message', (message) => resolve(message as WebGpuReport));
    child.once('exit', (code, signal) =>
      reject(new Error(`ended by ${signal ?? code}: ${complaint.slice(-2000)}`)),
    );
  });
  const [webgpu, cpu] = report.providers;
  assert.deepEqual([webgpu?.usable, cpu?.usable], [true, true]);
  assert.match(webgpu?.detail ?? '', /came back right/);
  assert.deepEqual(report.served, { model: 'one', provider: 'webgpu', fallback: false, right: true });
  assert.deepEqual(report.tooLarge, { reason: 'out_of_memory', smallerIsRight: true });
  assert.deepEqual(report.lost, {
    attempts: ['one@webgpu failed', 'one@cpu served'],
    candidate: 'one@webgpu device_lost',
    afterwards: 'cpu',
    right: true,
  });
});
