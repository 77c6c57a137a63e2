"""Figures of pictures, uint8 RGB: PSNR, SSIM, colour, and the look: the mosaic, gradient-magnitude similarity, the slope of the spectrum."""
import cv2
import numpy as np

from skip import SCALE

TO_YCBCR = np.array([[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]])
PLANES = ("Y", "Cb", "Cr")


def psnr(a, b):
    error = np.mean((a.astype(np.float64) - b) ** 2)
    return 10 * np.log10(255**2 / max(error, 1e-6))


def luma(rgb):
    return rgb.astype(np.float64) @ np.array([65.481, 128.553, 24.966]) / 255 + 16


def ssim(a, b):
    """Wang et al. 2004 on luma: an 11 x 11 Gaussian window of sigma 1.5, the whole picture but its rim of 5."""
    a, b = luma(a), luma(b)
    blur = lambda x: cv2.GaussianBlur(x, (11, 11), 1.5)[5:-5, 5:-5]
    ma, mb = blur(a), blur(b)
    va, vb, ab = blur(a * a) - ma * ma, blur(b * b) - mb * mb, blur(a * b) - ma * mb
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    return np.mean((2 * ma * mb + c1) * (2 * ab + c2) / ((ma**2 + mb**2 + c1) * (va + vb + c2)))


def is_grey(low):
    return (low == low[..., :1]).all()


def drift(low, high):
    """How far the mean of a channel moved, in levels."""
    return np.abs(high.mean((0, 1)) - low.mean((0, 1))).max()


def tint(high):
    """How far from neutral the pixels are, the largest channel less the smallest: mean, 99 % and largest, in levels."""
    spread = high.max(2).astype(int) - high.min(2)
    return spread.mean(), np.percentile(spread, 99), spread.max()


def grid(rgb, grey=False):
    """Mean step across the borders of 4-pixel squares divided by the mean step inside them, for Y, Cb and Cr; NaN for the colour of a grey picture.

    1 would be a picture that knows nothing of the input's pixels; every enlargement is a little above, Lanczos at 1.08.
    """
    ratios = []
    for plane in np.moveaxis(rgb.astype(np.float64) @ TO_YCBCR.T, 2, 0)[:1 if grey else 3]:
        across, inside = [], []
        for lines in (plane, plane.T):
            steps = np.abs(np.diff(lines, axis=1)).mean(0)
            border = np.arange(len(steps)) % SCALE == SCALE - 1
            across.append(steps[border].mean())
            inside.append(steps[~border].mean())
        ratios.append(np.mean(across) / np.mean(inside))
    return [ratios[0], np.nan, np.nan] if grey else ratios


def gmsd(a, b):
    """Gradient-magnitude similarity deviation (Xue et al. 2014) of two pictures' luma, 0 for the same."""
    kernel = np.array([[1, 0, -1]] * 3) / 3
    maps = []
    for picture in (a, b):
        small = cv2.blur(luma(picture), (2, 2))[::2, ::2]
        maps.append(np.hypot(cv2.filter2D(small, -1, kernel), cv2.filter2D(small, -1, kernel.T)))
    similarity = (2 * maps[0] * maps[1] + 170) / (maps[0] ** 2 + maps[1] ** 2 + 170)
    return similarity.std()


def spectrum_slope(plane):
    """The exponent with which the power falls between a sixteenth and half of the picture's sampling rate; steeper is softer."""
    side = min(plane.shape) // 2 * 2
    window = np.hanning(side)
    power = np.abs(np.fft.fftshift(np.fft.fft2((plane - plane.mean())[:side, :side] * np.outer(window, window)))) ** 2
    y, x = np.indices(power.shape) - side // 2
    ring = np.hypot(y, x).astype(int)
    radial = np.bincount(ring.ravel(), power.ravel()) / np.bincount(ring.ravel())
    chosen = np.arange(max(1, side // 16), side // 2)
    return np.polyfit(np.log(chosen), np.log(radial[chosen] + 1e-9), 1)[0]
