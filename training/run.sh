#!/bin/sh
# The whole recipe, from photos to the ONNX files, two of each network, their figures and the picture sheet.
#
#   PHOTOS=data/train TEACHER=realesr-general-x4v3.onnx EVAL=data/eval INPUTS=data/inputs WORK=work sh training/run.sh
#
# Optional: PYTHON (python3), START, weights to go on from (train.py's; else from nothing), SECONDS_FIT (385), SECONDS_LOOK (115) and SECONDS_SMALL (151), for
# an H200 and 16 processor cores: a slower GPU needs as much more.
# Needs PyTorch 2.1 or newer with a GPU, onnx, OpenCV, Pillow and NumPy, and for the figures the project's node_modules and tesseract.
set -eu
: "${PHOTOS:?}" "${TEACHER:?}" "${EVAL:?}" "${INPUTS:?}" "${WORK:?}"
PYTHON=${PYTHON:-python3}
HERE=$(cd "$(dirname "$0")" && pwd)
MODELS=$HERE/../models
LITE=$MODELS/tessera-lite-x4
MINI=$MODELS/tessera-mini-x4
mkdir -p "$WORK"

"$PYTHON" "$HERE/train.py" --photos "$PHOTOS" --teacher "$TEACHER" ${START:+--start "$START"} --features 48 --convs 24 --rate 1e-3 --seed 3 \
  --seconds "${SECONDS_FIT:-385}" --look-seconds "${SECONDS_LOOK:-115}" --look 0.5 --out "$WORK/large"
# A third of the way into the look, and from there on by half as much again.
"$PYTHON" "$HERE/average.py" "$WORK/large.pt" "$WORK/large.look0.0.pt" --shares -0.5 1.5 --out "$WORK/mean.pt"

"$PYTHON" "$HERE/train.py" --photos "$PHOTOS" --teacher "$TEACHER" --features 32 --convs 12 --seconds "${SECONDS_SMALL:-151}" --out "$WORK/small"
"$PYTHON" "$HERE/flat.py" --photos "$PHOTOS" --weights "$WORK/small.pt" --out "$WORK/small.flat.pt"

"$PYTHON" "$HERE/export.py" --weights "$WORK/mean.pt" --out "$LITE"
"$PYTHON" "$HERE/export.py" --weights "$WORK/small.flat.pt" --out "$MINI"
for model in "$LITE" "$MINI"; do "$PYTHON" "$HERE/fused.py" "$model.onnx"; done
"$PYTHON" "$HERE/evaluate.py" --eval "$EVAL" --inputs "$INPUTS" --teacher "$TEACHER" --work "$WORK/eval" \
  "int8=$LITE.onnx" "float32=$LITE.f32.onnx" "mini=$MINI.onnx" "mini32=$MINI.f32.onnx" | tee "$WORK/figures.md"
"$PYTHON" "$HERE/sheet.py" --photos "$PHOTOS" --teacher "$TEACHER" --model "Tessera Mini=$MINI.onnx" "Tessera Lite=$LITE.onnx" \
  --work "$WORK/sheet" --out "$MODELS/sheet.jpg"
"$PYTHON" "$HERE/read.py" --work "$WORK/read" "int8=$LITE.onnx" "float32=$LITE.f32.onnx" "mini=$MINI.onnx" "mini32=$MINI.f32.onnx" "teacher=$TEACHER" | tee "$WORK/read.md"
node "$HERE/seams.mjs" "$INPUTS/OST_009.png" "$LITE.onnx" "$LITE.f32.onnx" "$MINI.onnx" "$MINI.f32.onnx" | tee "$WORK/seams.md"
node "$HERE/speed.mjs" 2 9 "$TEACHER" "$LITE.onnx" "$LITE.f32.onnx" "$MINI.onnx" "$MINI.f32.onnx" | tee "$WORK/speed.md"
