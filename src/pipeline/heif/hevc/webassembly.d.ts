/** The used part of WebAssembly. Node has it, but its types leave it to those of browsers. */
declare namespace WebAssembly {
  type Exports = Readonly<Record<string, unknown>>;
  type Imports = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

  class Module {
    constructor(bytes: Uint8Array);
  }

  class Instance {
    constructor(module: Module, imports: Imports);
    readonly exports: Exports;
  }

  class Memory {
    readonly buffer: ArrayBuffer;
    /**
     * @param pages of 64 kB.
     * @returns the number of pages before.
     */
    grow(pages: number): number;
  }

  class RuntimeError extends Error {}
}
