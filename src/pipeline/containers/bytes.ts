import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

/** A read beyond the last byte: the file is cut off. Its decoder reports that better. */
export class EndOfBytes extends Error {
  override readonly name = 'EndOfBytes';
}

/** Read size; headers lie together. */
const WINDOW_BYTES = 64 * 1024;

/**
 * Random access to a file, a buffer, or a part of one, for readers of a few bytes here and there. Reads are synchronous: a scan
 * reads little, and mostly what was just written. Numbers are unsigned.
 * @throws EndOfBytes from every reading method, beyond the last byte.
 */
export class Bytes {
  private constructor(
    private readonly source: Pick<FileWindow, 'read'>,
    /** Their offset in the file or buffer. */
    readonly start: number,
    readonly length: number,
  ) {}

  /**
   * Calls `use` with the bytes of a file, and closes the file afterwards.
   * @throws the system's error.
   */
  static ofFile<T>(path: string, use: (bytes: Bytes) => T): T {
    const file = new FileWindow(openSync(path, 'r'));
    try {
      return use(new Bytes(file, 0, file.length));
    } finally {
      file.close();
    }
  }

  /** The bytes of a buffer, which sees later changes of the buffer. */
  static of(buffer: Buffer): Bytes {
    return new Bytes({ read: (at, length) => buffer.subarray(at, at + length) }, 0, buffer.length);
  }

  /** A part of these bytes, cut at their end. */
  piece(at: number, length: number): Bytes {
    const from = Math.min(at, this.length);
    return new Bytes(this.source, this.start + from, Math.min(length, this.length - from));
  }

  u8(at: number): number {
    return this.read(at, 1).readUInt8(0);
  }

  u16(at: number, littleEndian = false): number {
    const two = this.read(at, 2);
    return littleEndian ? two.readUInt16LE(0) : two.readUInt16BE(0);
  }

  u32(at: number, littleEndian = false): number {
    const four = this.read(at, 4);
    return littleEndian ? four.readUInt32LE(0) : four.readUInt32BE(0);
  }

  /** Rounded above 2^53, beyond the length of any file. */
  u64(at: number, littleEndian = false): number {
    const eight = this.read(at, 8);
    return Number(littleEndian ? eight.readBigUInt64LE(0) : eight.readBigUInt64BE(0));
  }

  /** Latin-1. */
  text(at: number, length: number): string {
    return this.read(at, length).toString('latin1');
  }

  startsWith(latin1: string): boolean {
    return this.length >= latin1.length && this.text(0, latin1.length) === latin1;
  }

  /** @returns a view, not to be written to. */
  read(at: number, length: number): Buffer {
    if (!(at >= 0 && at + length <= this.length)) throw new EndOfBytes();
    return this.source.read(this.start + at, length);
  }
}

/** An open file with the window of its latest read. */
class FileWindow {
  readonly length: number;
  #window = Buffer.alloc(0);
  #windowStart = 0;

  constructor(private readonly descriptor: number) {
    this.length = fstatSync(descriptor).size;
  }

  read(at: number, length: number): Buffer {
    const from = at - this.#windowStart;
    if (from >= 0 && from + length <= this.#window.length) return this.#window.subarray(from, from + length);
    const window = Buffer.allocUnsafe(Math.max(length, Math.min(WINDOW_BYTES, this.length - at)));
    let filled = 0;
    while (filled < window.length) {
      const bytesRead = readSync(this.descriptor, window, filled, window.length - filled, at + filled);
      if (bytesRead === 0) throw new EndOfBytes();
      filled += bytesRead;
    }
    this.#window = window;
    this.#windowStart = at;
    return window.subarray(0, length);
  }

  close(): void {
    closeSync(this.descriptor);
  }
}
