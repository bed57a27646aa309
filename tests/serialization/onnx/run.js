// Usage: node run.js FOLDER...
// Runs every NAME.onnx on NAME.in.*.npy in ONNX Runtime and holds the results
// against NAME.out.*.npy: no element may be off by more than 1e-5 times the
// largest of its output.
const fs = require('fs');
const path = require('path');
const ort = require('onnxruntime-node');

const kTolerance = 1e-5;

// What our own WriteNpy writes: format 1.0, '<f4' or '<i4', C order.
function readNpy(file) {
  const bytes = fs.readFileSync(file);
  const length = bytes.readUInt16LE(8);
  const header = bytes.toString('latin1', 10, 10 + length);
  const type = /'descr': '(<f4|<i4)'/.exec(header)[1];
  const dims = /'shape': \(([^)]*)\)/.exec(header)[1]
      .split(',').filter((s) => s.trim()).map(Number);
  const data = bytes.buffer.slice(bytes.byteOffset + 10 + length,
      bytes.byteOffset + bytes.length);
  return type === '<f4' ?
      {type: 'float32', dims, data: new Float32Array(data)} :
      {type: 'int32', dims, data: new Int32Array(data)};
}

// Largest difference over largest element; NaN must meet NaN.
function difference(expected, found) {
  if (found.type !== expected.type) throw Error(`type ${found.type}`);
  if (`${found.dims}` !== `${expected.dims}`) throw Error(`dims ${found.dims}`);
  let off = 0;
  let largest = 0;
  for (let i = 0; i < expected.data.length; ++i) {
    const a = expected.data[i];
    const b = found.data[i];
    if (Object.is(a, b) || a === b) {
      largest = Math.max(largest, Number.isFinite(a) ? Math.abs(a) : 0);
      continue;
    }
    if (!Number.isFinite(a) || !Number.isFinite(b)) {
      throw Error(`element ${i} is ${b}, ours ${a}`);
    }
    off = Math.max(off, Math.abs(a - b));
    largest = Math.max(largest, Math.abs(a));
  }
  return off === 0 ? 0 : off / largest;
}

async function runOne(folder, name) {
  const session = await ort.InferenceSession.create(
      path.join(folder, name + '.onnx'), {logSeverityLevel: 3, intraOpNumThreads: 1});
  const feeds = {};
  const expected = {};
  for (const file of fs.readdirSync(folder)) {
    const match = /^(.*)\.(in|out)\.(.*)\.npy$/.exec(file);
    if (!match || match[1] !== name) continue;
    const array = readNpy(path.join(folder, file));
    if (match[2] === 'out') expected[match[3]] = array;
    else feeds[match[3]] = new ort.Tensor(array.type, array.data, array.dims);
  }
  if (Object.keys(expected).length === 0) throw Error('nothing to compare with');
  const found = await session.run(feeds);
  let worst = 0;
  for (const output of Object.keys(expected)) {
    worst = Math.max(worst, difference(expected[output], found[output]));
  }
  await session.release();
  if (!(worst <= kTolerance)) throw Error(`off by ${worst}`);
  return worst;
}

async function main() {
  let failed = 0;
  for (const folder of process.argv.slice(2)) {
    const names = fs.readdirSync(folder).filter((f) => f.endsWith('.onnx'))
        .map((f) => f.slice(0, -'.onnx'.length)).sort();
    let bad = 0;
    let worst = ['', 0];
    for (const name of names) {
      try {
        const off = await runOne(folder, name);
        if (off > worst[1]) worst = [name, off];
      } catch (error) {
        console.log(`${folder}/${name}: ${error.message}`);
        ++bad;
      }
    }
    console.log(`onnxruntime ${ort.env.versions.node}, ${folder}: ` +
        `${names.length - bad} of ${names.length} files agree; the worst is ` +
        `off by ${worst[1].toExponential(1)} (${worst[0]})`);
    failed += bad + (names.length === 0 ? 1 : 0);
  }
  process.exit(failed > 0 ? 1 : 0);
}

main();
