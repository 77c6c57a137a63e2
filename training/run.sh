#!/bin/sh
# The whole recipe, from photos to the two ONNX files, their figures and the picture sheet.
#
#   PHOTOS=data/train TEACHER=realesr-general-x4v3.onnx EVAL=data/eval INPUTS=data/inputs WORK=work sh training/run.sh
#
# Optional: PYTHON (python3), WORKERS on a CPU (as many as processors, less one), MINUTES of the long training (100), FIRST of the
# small network before it (40) and LAST of what follows (5), and COUNT of the patches in a plain set (2400; hard sets are smaller).
# Needs PyTorch 1.13 or newer, onnx, OpenCV, Pillow and NumPy, and for the figures the project's node_modules and tesseract.
set -eu
: "${PHOTOS:?}" "${TEACHER:?}" "${EVAL:?}" "${INPUTS:?}" "${WORK:?}"
PYTHON=${PYTHON:-python3}
MINUTES=${MINUTES:-100}
FIRST=${FIRST:-40}
LAST=${LAST:-5}
COUNT=${COUNT:-2400}
WORKERS=${WORKERS:-$(($(nproc) > 1 ? $(nproc) - 1 : 1))}
HERE=$(cd "$(dirname "$0")" && pwd)
MODELS=$HERE/../models
mkdir -p "$WORK"

cut() { OMP_NUM_THREADS=1 "$PYTHON" "$HERE/patches.py" --photos "$PHOTOS" --teacher "$TEACHER" "$@"; }
cut --held-out --count $((COUNT / 15)) --seed 77 --out "$WORK/held"
for seed in 100 101 102 103; do cut --count "$COUNT" --seed $seed --out "$WORK/p$seed" & done
wait
for seed in 104 105 106; do cut --hard --count $((COUNT * 3 / 4)) --seed $seed --out "$WORK/p$seed" & done
wait

fit() { "$PYTHON" "$HERE/train.py" --held-out "$WORK/held" --muon --workers "$WORKERS" --patches \
  "$WORK/p100" "$WORK/p101" "$WORK/p102" "$WORK/p103" "$WORK/p104" "$WORK/p105" "$WORK/p106" "$@"; }
fit --features 32 --convs 16 --minutes "$FIRST" --rate 2e-3 --int8-from 2 --out "$WORK/small.pt"
"$PYTHON" "$HERE/grow.py" --weights "$WORK/small.pt" --held-out "$WORK/held" --features 48 --convs 24 --out "$WORK/grown.pt"
fit --features 48 --convs 24 --minutes "$MINUTES" --rate 4e-4 --int8-from 0.78 --resume "$WORK/grown.pt" --out "$WORK/large.pt"
fit --features 48 --convs 24 --minutes "$LAST" --rate 1e-4 --begin 0.3 --int8-from 0 --drift 2 --seed 3 --resume "$WORK/large.pt" --out "$WORK/last.pt"
"$PYTHON" "$HERE/average.py" "$WORK/large.pt" "$WORK/last.pt" --out "$WORK/mean.pt"

"$PYTHON" "$HERE/export.py" --weights "$WORK/mean.pt" --out "$MODELS/tessera-lite-x4"
"$PYTHON" "$HERE/fused.py" "$MODELS/tessera-lite-x4.onnx"
"$PYTHON" "$HERE/evaluate.py" --eval "$EVAL" --inputs "$INPUTS" --teacher "$TEACHER" --work "$WORK/eval" \
  "int8=$MODELS/tessera-lite-x4.onnx" "float32=$MODELS/tessera-lite-x4.f32.onnx" | tee "$WORK/figures.md"
"$PYTHON" "$HERE/sheet.py" --photos "$PHOTOS" --teacher "$TEACHER" --model "Tessera Lite=$MODELS/tessera-lite-x4.onnx" \
  --work "$WORK/sheet" --out "$MODELS/sheet.jpg"
"$PYTHON" "$HERE/read.py" --work "$WORK/read" "int8=$MODELS/tessera-lite-x4.onnx" "float32=$MODELS/tessera-lite-x4.f32.onnx" "teacher=$TEACHER" | tee "$WORK/read.md"
node "$HERE/seams.mjs" "$INPUTS/OST_009.png" "$MODELS/tessera-lite-x4.onnx" "$MODELS/tessera-lite-x4.f32.onnx" | tee "$WORK/seams.md"
node "$HERE/speed.mjs" 2 9 "$TEACHER" "$MODELS/tessera-lite-x4.onnx" "$MODELS/tessera-lite-x4.f32.onnx" | tee "$WORK/speed.md"
