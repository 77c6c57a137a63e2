#!/bin/sh
# The whole recipe, from photos to the two ONNX files, their figures and the picture sheet.
#
#   PHOTOS=data/train TEACHER=realesr-general-x4v3.onnx EVAL=data/eval INPUTS=data/inputs WORK=work sh training/run.sh
#
# Optional: PYTHON (python3), MINUTES of the long training (70) and FIRST of the small network before it (60).
# Needs PyTorch 1.13 or newer, onnx, OpenCV, Pillow and NumPy, and for the figures the project's node_modules.
set -eu
: "${PHOTOS:?}" "${TEACHER:?}" "${EVAL:?}" "${INPUTS:?}" "${WORK:?}"
PYTHON=${PYTHON:-python3}
MINUTES=${MINUTES:-70}
FIRST=${FIRST:-60}
HERE=$(cd "$(dirname "$0")" && pwd)
MODELS=$HERE/../models
mkdir -p "$WORK"

cut() { OMP_NUM_THREADS=1 "$PYTHON" "$HERE/patches.py" --photos "$PHOTOS" --teacher "$TEACHER" "$@"; }
cut --held-out --count 160 --seed 77 --out "$WORK/held"
for seed in 100 101 102 103; do cut --count 2400 --seed $seed --out "$WORK/p$seed" & done
for seed in 104 105; do cut --hard --count 1800 --seed $seed --out "$WORK/p$seed" & done
wait

fit() { "$PYTHON" "$HERE/train.py" --held-out "$WORK/held" --muon --patches \
  "$WORK/p100" "$WORK/p101" "$WORK/p102" "$WORK/p103" "$WORK/p104" "$WORK/p105" "$@"; }
fit --features 32 --convs 16 --minutes "$FIRST" --rate 2e-3 --int8-from 2 --out "$WORK/small.pt"
"$PYTHON" "$HERE/grow.py" --weights "$WORK/small.pt" --held-out "$WORK/held" --features 48 --convs 24 --out "$WORK/grown.pt"
fit --features 48 --convs 24 --minutes "$MINUTES" --rate 3e-4 --square-from 0.5 --int8-from 0.76 --resume "$WORK/grown.pt" --out "$WORK/large.pt"

"$PYTHON" "$HERE/export.py" --weights "$WORK/large.pt" --out "$MODELS/tessera-lite-x4"
"$PYTHON" "$HERE/evaluate.py" --eval "$EVAL" --inputs "$INPUTS" --teacher "$TEACHER" --work "$WORK/eval" \
  "int8=$MODELS/tessera-lite-x4.onnx" "float32=$MODELS/tessera-lite-x4.f32.onnx" | tee "$WORK/figures.md"
"$PYTHON" "$HERE/sheet.py" --photos "$PHOTOS" --teacher "$TEACHER" --model "Tessera Lite=$MODELS/tessera-lite-x4.onnx" \
  --work "$WORK/sheet" --out "$MODELS/sheet.jpg"
node "$HERE/speed.mjs" 2 9 "$TEACHER" "$MODELS/tessera-lite-x4.onnx" "$MODELS/tessera-lite-x4.f32.onnx" | tee "$WORK/speed.md"
