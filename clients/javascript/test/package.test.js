import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const read = (file) => readFileSync(new URL(`../${file}`, import.meta.url), 'utf8');

test('should be used from TypeScript as its types say', () => {
  const checked = spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'test'], { cwd: root, encoding: 'utf8' });
  assert.equal(checked.stdout + checked.stderr, '');
  assert.equal(checked.status, 0);
});

test('should have the same members in its types as in its code', async () => {
  const { PresenceClient } = await import('presence-client');
  const types = read('src/presence-client.d.ts').split('export class PresenceClient {')[1];
  const declared = [...types.matchAll(/^ {2}(?:readonly )?(\w+)[<(:]/gm)].map(([, name]) => name);
  assert.deepEqual(declared.sort(), Object.getOwnPropertyNames(PresenceClient.prototype).sort());
});

test('should be one file that needs no other', () => {
  assert.doesNotMatch(read('src/presence-client.js'), /^\s*import\b|\bimport\(|\brequire\(/m);
  assert.equal(JSON.parse(read('package.json')).dependencies, undefined);
});

test('should be packed with its code, its types and its README, and no more', () => {
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  const [packed] = JSON.parse(execFileSync(npm, ['pack', '--dry-run', '--json'], { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));
  assert.deepEqual(packed.files.map(({ path }) => path).sort(), [
    'README.md',
    'package.json',
    'src/presence-client.d.ts',
    'src/presence-client.js',
  ]);
  const { exports } = JSON.parse(read('package.json'));
  for (const file of Object.values(exports['.'])) {
    assert.ok(existsSync(new URL(`../${file}`, import.meta.url)), file);
  }
});

test('should have a lock file that names no host', () => {
  assert.doesNotMatch(read('package-lock.json'), /"resolved"|https?:/);
});
