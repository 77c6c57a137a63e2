/** One server-sent event. */
interface ServerEvent {
  readonly event: string;
  readonly data: string;
  readonly id: string | undefined;
}

/**
 * Reads server-sent events from a body (https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream).
 * EventSource cannot send an API key, so the page reads the stream itself.
 * @param body is cancelled when the caller stops reading.
 * @param onActivity is called for every piece of data, heartbeats too, which yield no event.
 */
export async function* readEvents(
  body: ReadableStream<Uint8Array>,
  onActivity?: () => void,
): AsyncGenerator<ServerEvent, void, void> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = '';
  let data: string[] = [];
  let event = '';
  let id: string | undefined;
  let ended = false;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      ended = done;
      if (done) return; // An event without its empty line is incomplete, and dropped.
      onActivity?.();
      text += decoder.decode(value, { stream: true });
      // A CR at the end may be the first half of CRLF: it waits for the next piece.
      const lines = text.split(/\r\n|\n|\r(?!$)/);
      text = lines.pop() ?? '';
      for (const line of lines) {
        if (line === '') {
          if (data.length > 0) yield { event: event || 'message', data: data.join('\n'), id };
          data = [];
          event = '';
          continue;
        }
        const [, field, content = ''] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
        if (field === 'data') data.push(content);
        else if (field === 'event') event = content;
        else if (field === 'id') id = content;
      }
    }
  } finally {
    if (!ended) await reader.cancel().catch(() => undefined);
  }
}
