// Writes the graph that ONNX Runtime makes of a model when it loads it.   node fused.mjs MODEL OUT.onnx
import ort from 'onnxruntime-node';

const [model, optimizedModelFilePath] = process.argv.slice(2);
await ort.InferenceSession.create(model, { optimizedModelFilePath, intraOpNumThreads: 1, logSeverityLevel: 3 });
