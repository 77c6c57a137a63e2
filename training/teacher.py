"""The teacher, realesr-general-x4v3, and the target made from it."""
import cv2
import numpy as np

SCALE = 4


def load_teacher(path, threads=1):
    """A function from uint8 RGB [n, h, w, 3] to float32 RGB [n, 4h, 4w, 3] in 0..255, clamped.

    Runs through onnxruntime where that is installed (about twice as fast on a CPU), else through PyTorch with the
    weights read out of the ONNX file.
    """
    try:
        import onnxruntime
    except ImportError:
        return _through_torch(path)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name

    def run(images):
        rgb = np.ascontiguousarray(images.transpose(0, 3, 1, 2), np.float32) / np.float32(255)
        upscaled = np.concatenate([session.run(None, {name: one[None]})[0] for one in rgb])  # its batch is fixed at one
        return upscaled.transpose(0, 2, 3, 1).clip(0, 1) * np.float32(255)

    return run


def _through_torch(path):
    import torch

    teacher = Teacher(path, "cuda" if torch.cuda.is_available() else "cpu")

    def run(images):
        with torch.no_grad():
            rgb = torch.from_numpy(np.ascontiguousarray(images)).to(teacher.device).permute(0, 3, 1, 2).float().div(255)
            return teacher(rgb).clamp(0, 1).mul(255).permute(0, 2, 3, 1).cpu().numpy()

    return run


class Teacher:
    """The teacher in PyTorch, its weights read out of the ONNX file."""

    def __init__(self, path, device):
        import onnx
        import torch
        from onnx import numpy_helper

        self.device = device
        self.weights = {t.name: torch.tensor(numpy_helper.to_array(t)).to(device) for t in onnx.load(path).graph.initializer}

    def hidden(self, rgb):
        """The outputs of its layers, the last one's included, for [n, 3, h, w] in 0..1; in half precision if `rgb` is."""
        import torch.nn.functional as F

        x, i = rgb, 0
        while f"body.{i}.weight" in self.weights:
            x = F.conv2d(x, self.weights[f"body.{i}.weight"].to(rgb.dtype), self.weights[f"body.{i}.bias"].to(rgb.dtype), padding=1)
            if f"body.{i + 1}.slope" in self.weights:
                x = F.prelu(x, self.weights[f"body.{i + 1}.slope"].flatten().to(rgb.dtype))
            i += 2
            yield x

    def __call__(self, rgb):
        """[n, 3, 4h, 4w], not clamped."""
        import torch.nn.functional as F

        for x in self.hidden(rgb):
            pass
        return F.pixel_shuffle(x, SCALE) + F.interpolate(rgb, scale_factor=SCALE, mode="nearest")


def keep_colours(teacher, low, sigma=4.0):
    """The target: the teacher's detail on the input's colours, uint8 RGB [4h, 4w, 3].

    The teacher's low frequencies (a Gaussian of `sigma` input pixels) are replaced by the input's, because it moves
    channel means by up to 8/255. A grey input keeps a grey target.
    teacher: float32 RGB [4h, 4w, 3] in 0..255; low: the input, uint8 RGB [h, w, 3].
    """
    height, width = low.shape[:2]
    small = cv2.resize(np.ascontiguousarray(teacher), (width, height), interpolation=cv2.INTER_AREA)
    drift = cv2.GaussianBlur(low.astype(np.float32) - small, (0, 0), sigma, borderType=cv2.BORDER_REFLECT)
    target = teacher + cv2.resize(drift, (width * SCALE, height * SCALE), interpolation=cv2.INTER_LINEAR)
    if (low[..., 0] == low[..., 1]).all() and (low[..., 1] == low[..., 2]).all():
        target = np.repeat(target.mean(2, keepdims=True), 3, 2)
    return np.clip(np.round(target), 0, 255).astype(np.uint8)
