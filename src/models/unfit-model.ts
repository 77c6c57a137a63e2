/** A file that is no upscaling network, in a sentence that says why. */
export class UnfitModel extends Error {
  override readonly name = 'UnfitModel';

  /** Names from the file are in the message, which goes to a terminal: what would command it is taken out. */
  constructor(message: string, options?: { cause?: unknown }) {
    super(message.replace(/\p{Cc}/gu, '\ufffd'), options);
  }
}
