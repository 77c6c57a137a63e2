import { JobsApi } from '../client/jobs-api.js';
import { apiKey } from './api-key.js';

/** The API of the service that serves this page. */
export const api = new JobsApi(document.baseURI, apiKey);
