"""Old name of `theory.kernel.averages`, to be removed."""

from theory.kernel.averages import chain_average as chain_average
