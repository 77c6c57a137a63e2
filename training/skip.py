"""The skip: the input enlarged by a fixed convolution, whose weights are whole numbers, so that int8 holds them exactly.

Each of the sixteen pixels of an input pixel is a weighted mean of its neighbours. The weights are whole numbers of at most 63 with the sum 64:
flat colour stays as it is, and no two products exceed the 16 bits of AVX2. Bilinear weights are multiples of 1/64 by themselves.
"""
import numpy as np

SCALE = 4
WHOLE = 64  # the sum of the weights of each output pixel


def phases():
    """Weights of the three neighbours along one axis for each of the four output pixels, in eighths."""
    return np.array([[3, 5, 0], [1, 7, 0], [0, 7, 1], [0, 5, 3]])


def whole_kernel():
    """The convolution [48, 3, 3, 3] in whole numbers; output channels are (row, column, colour), as the network's are."""
    weights = np.zeros((SCALE, SCALE, 3, 3, 3, 3), np.int8)
    for row, down in enumerate(phases()):
        for column, across in enumerate(phases()):
            for colour in range(3):
                weights[row, column, colour, colour] = np.outer(down, across)
    return weights.reshape(3 * SCALE * SCALE, 3, 3, 3)


def kernel():
    """The same, float32, with the sum 1."""
    return whole_kernel().astype(np.float32) / WHOLE
