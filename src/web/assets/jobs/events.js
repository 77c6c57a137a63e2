/**
 * One server-sent event.
 * @typedef {{ event: string, data: string, id: string | undefined }} ServerEvent
 */

/**
 * Reads server-sent events from a body (https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream).
 * EventSource cannot send an API key, so the page reads the stream itself. Comment lines (heartbeats) yield nothing, but call `onActivity`.
 * @param {ReadableStream<Uint8Array>} body cancelled when the caller stops reading.
 * @param {() => void} [onActivity] called for every piece of data, heartbeats too.
 * @returns {AsyncGenerator<ServerEvent, void, void>}
 */
export async function* readEvents(body, onActivity) {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = '';
  /** @type {string[]} */
  let data = [];
  let event = '';
  /** @type {string | undefined} */
  let id;
  let ended = false;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      ended = done;
      if (done) return; // An event without its empty line is incomplete, and dropped.
      onActivity?.();
      text += decoder.decode(value, { stream: true });
      // A lone CR at the end may be the first half of CRLF: left for the next piece.
      const lines = text.split(/\r\n|\n|\r(?!$)/);
      text = lines.pop() ?? '';
      for (const line of lines) {
        if (line === '') {
          if (data.length > 0) yield { event: event || 'message', data: data.join('\n'), id };
          data = [];
          event = '';
          continue;
        }
        const colon = line.indexOf(':');
        const field = colon === -1 ? line : line.slice(0, colon);
        const content = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '');
        if (field === 'data') data.push(content);
        else if (field === 'event') event = content;
        else if (field === 'id') id = content;
      }
    }
  } finally {
    if (!ended) await reader.cancel().catch(() => undefined);
  }
}
