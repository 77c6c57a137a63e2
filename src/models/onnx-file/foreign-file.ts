import { extname } from 'node:path';
import { onnxFields, Unreadable } from './onnx-structure.js';

const EXPORT = 'export the network to ONNX with torch.onnx.export (docs/models.md shows how)';
const PYTORCH = `It is a PyTorch file (.pth, .pt, .ckpt): weights, and no network that could be run. Load them into their network, and ${EXPORT}.`;
const NCNN = `It belongs to a network for ncnn (.param and .bin). Take the ONNX file that it was made from, or ${EXPORT}.`;
const TENSORFLOW = 'Convert it to ONNX with tf2onnx.';
const TENSORFLOW_PB = `It is a TensorFlow network (.pb). ${TENSORFLOW}`;
const ARCHIVE = 'Unpack it, and add the .onnx file that is in it.';

/** The magic number of a file format. */
interface Signature {
  /** Any of these at `at`, by default at the beginning; one character is one byte. */
  readonly bytes: readonly string[];
  readonly at?: number;
  /** Any of these anywhere after it. */
  readonly also?: readonly string[];
  readonly sentence: string;
}

const SIGNATURES: readonly Signature[] = [
  { bytes: ['PK\x03\x04'], also: ['/data.pkl', '/constants.pkl', '/byteorder'], sentence: PYTORCH },
  { bytes: ['PK\x03\x04'], sentence: `It is a ZIP archive. ${ARCHIVE}` },
  {
    bytes: ['\x1f\x8b', '7z\xbc\xaf\x27\x1c', 'Rar!', '\xfd7zXZ', 'BZh', '\x28\xb5\x2f\xfd'],
    sentence: `It is an archive. ${ARCHIVE}`,
  },
  { bytes: ['ustar'], at: 257, sentence: `It is an archive. ${ARCHIVE}` },
  // A pickle of protocol 2 and above, as PyTorch wrote them before its files were archives.
  { bytes: ['\x80\x02', '\x80\x03', '\x80\x04', '\x80\x05'], sentence: PYTORCH },
  {
    // After the header's length, whose upper four bytes are 0.
    bytes: ['\0\0\0\0{"', '\0\0\0\0{ '],
    at: 4,
    sentence: `It is a safetensors file: weights without a network. Load them into their network in PyTorch, and ${EXPORT}.`,
  },
  { bytes: ['7767517'], sentence: NCNN },
  { bytes: ['TFL3'], at: 4, sentence: `It is a TensorFlow Lite network (.tflite). ${TENSORFLOW}` },
  {
    bytes: ['ORTM'],
    at: 4,
    sentence:
      'It is a network in the own format of ONNX Runtime (.ort). Add the ONNX file that it was made from.',
  },
  { bytes: ['\x89HDF'], sentence: `It is an HDF5 file, as Keras writes them (.h5). ${TENSORFLOW}` },
  { bytes: ['GGUF'], sentence: `It is a GGUF file. Take the network in PyTorch, and ${EXPORT}.` },
  {
    bytes: ['version https://git-lfs'],
    sentence:
      'It is a pointer of Git LFS, and not the file itself. Fetch that with "git lfs pull", or download it from the page of the repository.',
  },
  {
    bytes: ['<?xml'],
    also: ['<net '],
    sentence: `It is a network for OpenVINO (.xml and .bin). Take the ONNX file that it was made from, or ${EXPORT}.`,
  },
  {
    bytes: ['\x89PNG', '\xff\xd8\xff', 'GIF8', 'RIFF'],
    sentence: 'It is a picture. "tessera upscale" enlarges pictures.',
  },
];

const WEB_PAGE =
  'It is a web page (HTML), and no network: its address leads to a page about the file, or to one that asks to sign in. Download the file itself.';

/** Sentences for files that are not ONNX and have no magic number, by their ending. */
const ENDINGS: ReadonlyMap<string, string> = new Map([
  ...each(['.pth', '.pt', '.ckpt'], PYTORCH),
  ...each(['.param', '.bin'], NCNN),
  ['.pb', TENSORFLOW_PB],
  ['.tflite', `It is a TensorFlow Lite network (.tflite). ${TENSORFLOW}`],
  ...each(
    ['.data', '.onnx_data', '.weight'],
    'It holds weights of a network. Add the .onnx file that lies beside it; this one is found by it.',
  ),
  ...each(
    ['.engine', '.trt', '.plan'],
    'It is a network built by TensorRT for one GPU. Add the ONNX file that it was built from.',
  ),
  ...each(['.mlmodel', '.mlpackage'], `It is a network for Core ML. Take it in PyTorch, and ${EXPORT}.`),
]);

function each(endings: readonly string[], sentence: string): (readonly [string, string])[] {
  return endings.map((ending) => [ending, sentence]);
}

const BEGINNING_BYTES = 65_536;
const MAX_TEXT_BYTES = 512;
/** `ModelProto.graph`. */
const GRAPH = 7;

/**
 * Recognises a file that is not ONNX.
 * @param bytes the file, or its beginning. @param isWhole whether `bytes` is the whole file.
 * @returns a sentence that names the kind and says what to do; undefined for an ONNX file.
 */
export function foreignFile(bytes: Uint8Array, name: string, isWhole = true): string | undefined {
  if (bytes.length === 0) return 'It is empty. Download it again, or export it again.';
  const beginning = Buffer.from(bytes.subarray(0, BEGINNING_BYTES)).toString('latin1');
  const known = SIGNATURES.find(
    ({ bytes: any, at = 0, also }) =>
      any.some((text) => beginning.startsWith(text, at)) &&
      (also === undefined || also.some((text) => beginning.includes(text))),
  );
  if (known !== undefined) return known.sentence;
  if (/^\s*(<!--.*?-->\s*)?<(!doctype html|html|head)/is.test(textOf(bytes))) return WEB_PAGE;
  const structure = isWhole ? structureOf(bytes) : 'network';
  if (structure === 'network') return undefined;
  const named = ENDINGS.get(extname(name).toLowerCase());
  if (named !== undefined) return named;
  // TensorFlow's `SavedModel` and `GraphDef` are protobuf too.
  if (structure === 'other' && (beginning.startsWith('\x08\x01\x12') || beginning.startsWith('\n')))
    return TENSORFLOW_PB;
  if (isText(bytes))
    return 'It is text, and no ONNX file. Look into it: a server may have answered with a message in its place.';
  // All exporters write `ModelProto.ir_version` first.
  return structure === 'broken' && bytes[0] === 8 && (bytes[1] ?? 0) >= 3 && (bytes[1] ?? 0) <= 32
    ? 'It begins as an ONNX file, and breaks off or is damaged. Download it again, or export it again.'
    : 'It is no ONNX file. Take the network in PyTorch, TensorFlow or whatever it was made with, and export it to ONNX.';
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.subarray(0, MAX_TEXT_BYTES)).toString('utf8');
}

/** Whether the beginning is UTF-8 without control characters other than white space. */
function isText(bytes: Uint8Array): boolean {
  return /^(?:[^\p{Cc}\ufffd]|\s)*$/u.test(textOf(bytes).slice(0, -4));
}

/** @returns whether a file is ONNX with a graph, other protobuf, or neither. */
function structureOf(bytes: Uint8Array): 'network' | 'other' | 'broken' {
  let hasGraph = false;
  try {
    for (const { message, field } of onnxFields(bytes)) hasGraph ||= message === 'model' && field === GRAPH;
    return hasGraph ? 'network' : 'other';
  } catch (error) {
    if (error instanceof Unreadable) return 'broken';
    throw error;
  }
}
