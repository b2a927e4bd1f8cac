# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""How many cycles run, in training and in evaluation."""

from sdpose.errors import InputError


class Cycled:
    """A module whose layers run several times; mix it into an ``nn.Module``.

    Attributes:
        num_cycles: Cycles that run in training mode, at least 1.
        test_cycles: Cycles that run in evaluation mode, at least 1. It can be set on a built
            model, also to more cycles than training saw; the weights are the same for every
            number of cycles.
    """

    training: bool

    def set_cycles(self, num_cycles: int, test_cycles: int) -> None:
        """Set both numbers.

        Raises:
            InputError: One is below 1.
        """
        self.num_cycles = _at_least_one('num_cycles', num_cycles)
        self.test_cycles = test_cycles

    @property
    def test_cycles(self) -> int:
        """Cycles that run in evaluation mode."""
        return self._test_cycles

    @test_cycles.setter
    def test_cycles(self, value: int) -> None:
        self._test_cycles = _at_least_one('test_cycles', value)

    @property
    def cycles_to_run(self) -> int:
        """Cycles that run in the present mode."""
        return self.num_cycles if self.training else self.test_cycles


def _at_least_one(name: str, value: int) -> int:
    if value < 1:
        raise InputError(f'{name}={value}, but at least one cycle must run.')
    return value
