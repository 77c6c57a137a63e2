import { innermostReason } from '../failure.js';
import { openModel } from '../onnx/session.js';
import { goldenTile } from './golden-tile.js';
import type { ProbeOrder, ProbeReply } from './probe.js';

/** Entry of the process that runs the golden tile on a provider. It sends one message, and its parent ends it. */
process.on('disconnect', () => process.exit(0));

async function answer(): Promise<ProbeReply> {
  try {
    const { entry, modelsFolder, provider } = JSON.parse(process.argv[2] ?? '') as ProbeOrder;
    const model = await openModel(entry, modelsFolder, provider, { threads: 1, wholeNetwork: true });
    const { data } = await model.run(goldenTile());
    return { pixels: Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64') };
  } catch (error) {
    return { error: innermostReason(error) };
  }
}

const reply = await answer();
process.send?.(reply);
