/** Variables that may hold secrets, of which only the server process has need: those that decode strangers' images or run strangers' networks get none. */
const SECRET_VARIABLES: readonly string[] = [
  'API_KEYS',
  'CALLBACK_SECRET',
  // Addresses may carry a name and a password.
  'MODELS_MIRROR',
  ...['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY'].flatMap((name) => [name, name.toLowerCase()]),
];

/** @returns a copy of an environment for a process that needs no secrets. */
export function withoutSecrets(
  environment: Readonly<Record<string, string | undefined>>,
): Record<string, string | undefined> {
  const rest = { ...environment };
  for (const name of SECRET_VARIABLES) delete rest[name];
  return rest;
}
