/** Errors of the operating system in words, by code: clauses that can follow a colon. */
const OF_FILES: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  EACCES: 'it may not be read or written by this user',
  EPERM: 'it may not be read or written by this user',
  EROFS: 'the file system is read-only',
  EISDIR: 'it is a folder, not a file',
  ENOTDIR: 'a part of its path is a file, not a folder',
  EEXIST: 'there is something else by that name',
  ENOSPC: 'there is no room left on the disk',
  EDQUOT: 'the disk quota is used up',
  EFBIG: 'it is larger than this user, or this file system, may have a file',
  EIO: 'the disk failed',
  ENAMETOOLONG: 'its name is too long',
  ELOOP: 'its links lead in a circle',
  EPIPE: 'whoever was to read the output has gone',
  EMFILE: 'too many files are open',
  ENFILE: 'too many files are open',
  EBUSY: 'it is in use',
};

/** Errors of connections in words: of getaddrinfo(3), connect(2), Node's TLS and undici. */
const OF_CONNECTIONS: Readonly<Record<string, string>> = {
  ENOTFOUND: 'no address is known for the name of the server',
  EAI_AGAIN: 'the name of the server could not be looked up: there is no network, or no name server answers',
  ECONNREFUSED: 'nothing answers at the address of the server',
  ECONNRESET: 'the server broke the connection',
  EPIPE: 'the server broke the connection',
  UND_ERR_SOCKET: 'the server broke the connection',
  ECONNABORTED: 'the connection was broken',
  ETIMEDOUT: 'the server does not answer',
  UND_ERR_CONNECT_TIMEOUT: 'the server does not answer',
  UND_ERR_HEADERS_TIMEOUT: 'the server does not answer',
  UND_ERR_BODY_TIMEOUT: 'the server stopped in the middle of its answer',
  EHOSTUNREACH: 'no way leads to the server',
  ENETUNREACH: 'no way leads to the server: there is no network',
  EADDRNOTAVAIL: 'no way leads to the server: there is no network',
  EPROTO: 'the server does not speak TLS at that address',
  ERR_SSL_WRONG_VERSION_NUMBER: 'the server does not speak TLS at that address',
  ERR_TLS_CERT_ALTNAME_INVALID: 'the certificate of the server is for another name',
  CERT_HAS_EXPIRED: 'the certificate of the server has expired',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'the certificate of the server is signed by itself; see NODE_EXTRA_CA_CERTS',
  SELF_SIGNED_CERT_IN_CHAIN:
    'the certificate of the server is signed by nobody known; see NODE_EXTRA_CA_CERTS',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    'the certificate of the server is signed by nobody known; see NODE_EXTRA_CA_CERTS',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    'the certificate of the server is signed by nobody known; see NODE_EXTRA_CA_CERTS',
};

/** @returns the code of an error of the system, of Node or of a library; undefined without one. */
export function systemCode(thrown: unknown): string | undefined {
  return thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string'
    ? thrown.code
    : undefined;
}

/** @returns the file system's complaint as a clause; undefined for other errors. */
export function systemReason(thrown: unknown): string | undefined {
  return clause(OF_FILES, systemCode(thrown));
}

/** @returns the fate of a connection as a clause; undefined for other errors. */
export function connectionReason(thrown: unknown): string | undefined {
  return clause(OF_CONNECTIONS, systemCode(thrown));
}

function clause(reasons: Readonly<Record<string, string>>, code: string | undefined): string | undefined {
  return code !== undefined && Object.hasOwn(reasons, code) ? reasons[code] : undefined;
}
