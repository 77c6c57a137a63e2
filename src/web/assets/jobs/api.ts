import { JobsApi } from '../client/jobs-api.js';
import { store, stored } from './storage.js';

const KEY_NAME = 'tessera-api-key';

/** The API key of this tab; empty without one. */
export function apiKey(): string {
  return stored(KEY_NAME) ?? '';
}

/** @param key empty forgets the key. */
export function rememberApiKey(key: string): void {
  store(KEY_NAME, key);
}

/** The API of the service that serves this page. */
export const api = new JobsApi(document.baseURI, apiKey);
